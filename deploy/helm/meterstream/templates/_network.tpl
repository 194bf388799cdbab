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

{{/* The ports of every address and database in a section of the settings, as JSON. */}}
{{- define "meterstream.ports" -}}
{{- $text := toJson . -}}
{{- $ports := list -}}
{{- range regexFindAll `"https?://[^"/]+` $text -1 -}}
{{- $written := regexFind `:[0-9]+$` . | trimPrefix ":" -}}
{{- $ports = append $ports (int ($written | default (ternary "443" "80" (hasPrefix `"https` .)))) -}}
{{- end -}}
{{- range $database, $port := dict "postgresql" 5432 "mariadb" 3306 "sqlserver" 1433 -}}
{{- if contains (printf `"database":%q` $database) $text -}}
{{- $ports = append $ports (int $port) -}}
{{- end -}}
{{- end -}}
{{ uniq $ports | toJson }}
{{- end -}}
