{{/* The settings file. Helm holds every number as a float: whole ones are written as what they were. */}}
{{- define "meterstream.toml" -}}
{{ regexReplaceAll `(?m)^(\s*\S+ = -?[0-9]+)\.0$` (toToml .Values.settings) "$1" }}
{{- end -}}
