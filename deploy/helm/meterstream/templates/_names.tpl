{{/* What everything of this release is called. */}}
{{- define "meterstream.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 30 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 30 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{/* Labels of the release; of a chart's root. */}}
{{- define "meterstream.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/*
What tells a worker's pods from others: {root, component, receiver, stage, part}. Without `part`: those of all workers
that divide its work among them; without `receiver`: those of the component.
*/}}
{{- define "meterstream.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- with .receiver }}
meterstream/receiver: {{ . }}
meterstream/stage: {{ $.stage }}
{{- end }}
{{- with .part }}
meterstream/part: {{ . }}
{{- end }}
{{- end -}}

{{/* The name of what belongs to a worker; without `part`: to all that divide its work among them. */}}
{{- define "meterstream.worker" -}}
{{- $kind := ternary "sink" .component (eq .component "sinks") -}}
{{- $receiver := .receiver | default "" | lower | replace "_" "-" -}}
{{ list (include "meterstream.fullname" .root) $kind .stage $receiver .part | compact | join "-" }}
{{- end -}}
