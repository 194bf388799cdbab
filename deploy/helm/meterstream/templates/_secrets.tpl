{{/*
The secrets of a worker, as JSON: {env: {VARIABLE: {secret, key}}, files: {NAME: {secret, key}}}.
Looked for in its own sections of the settings, so that none is given what is another's.
*/}}
{{- define "meterstream.secrets" -}}
{{- $known := merge (deepCopy .options.secrets) (deepCopy .root.Values.secrets) -}}
{{- $text := toJson .sections -}}
{{- $env := dict -}}
{{- $files := dict -}}
{{- range regexFindAll `"env":"[^"]+"` $text -1 -}}
{{- $name := . | trimPrefix `"env":"` | trimSuffix `"` -}}
{{- if hasKey $known $name -}}
{{- $_ := set $env $name (get $known $name) -}}
{{- else if not (hasKey $.options.env $name) -}}
{{- fail (printf "the settings of %s name the environment variable %s: say in secrets where it is" $.component $name) -}}
{{- end -}}
{{- end -}}
{{- range regexFindAll `"/run/secrets/meterstream/[^"]+"` $text -1 -}}
{{- $name := base (trimAll `"` .) -}}
{{- if not (hasKey $known $name) -}}
{{- fail (printf "the settings of %s name the file %s: say in secrets where it is" $.component .) -}}
{{- end -}}
{{- $_ := set $files $name (get $known $name) -}}
{{- end -}}
{{- range $name, $place := .options.secrets -}}
{{- if not (hasKey $env $name) -}}
{{- $_ := set $files $name $place -}}
{{- end -}}
{{- end -}}
{{ dict "env" $env "files" $files | toJson }}
{{- end -}}
