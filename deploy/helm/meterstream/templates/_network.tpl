{{/* A rule: these ports, of these peers; without peers of anybody. */}}
{{- define "meterstream.way" -}}
ports:
  {{- range .ports }}
  - {port: {{ int . }}, protocol: TCP}
  {{- end }}
{{- with .peers }}
to: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The brokers' ports, as JSON. */}}
{{- define "meterstream.kafkaPorts" -}}
{{- $ports := .Values.networkPolicy.kafkaPorts -}}
{{- if not $ports -}}
{{- range regexFindAll `:[0-9]+` .Values.settings.kafka.bootstrap_servers -1 -}}
{{- $ports = append $ports (trimPrefix ":" . | int) -}}
{{- end -}}
{{- end -}}
{{ uniq $ports | toJson }}
{{- end -}}

{{/* The ports of every address in a section of the settings, and of a kind of database, as JSON. */}}
{{- define "meterstream.ports" -}}
{{- $ports := list -}}
{{- range regexFindAll `"https?://[^"/]+` (toJson .section) -1 -}}
{{- $written := regexFind `:[0-9]+$` . | trimPrefix ":" -}}
{{- $ports = append $ports (int ($written | default (ternary "443" "80" (hasPrefix `"https` .)))) -}}
{{- end -}}
{{- with get (dict "postgresql" 5432 "mariadb" 3306 "sqlserver" 1433) (.database | default "") -}}
{{- $ports = append $ports (int .) -}}
{{- end -}}
{{ uniq $ports | toJson }}
{{- end -}}
