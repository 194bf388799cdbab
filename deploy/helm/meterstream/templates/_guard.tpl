{{/*
Refuses an upgrade after which workers of an old and a new division of the same work would run side by side: producers that
poll the same points mix up versions. What runs is asked of the cluster; where nobody can be asked (`helm template`) nothing
is refused.
*/}}
{{- define "meterstream.guard" -}}
{{- $workers := include "meterstream.workers" . | fromJsonArray -}}
{{- $names := list -}}
{{- range $workers -}}
{{- $names = append $names (include "meterstream.worker" (merge (dict "root" $) .)) -}}
{{- end -}}
{{- range (lookup "apps/v1" "Deployment" .Release.Namespace "").items -}}
{{- $name := .metadata.name -}}
{{- $is := .metadata.labels | default dict -}}
{{- $runs := gt (int ((.status | default dict).replicas | default 0)) 0 -}}
{{- if and $runs (eq (get $is "app.kubernetes.io/instance") $.Release.Name) (not (has $name $names)) -}}
{{- range $workers -}}
{{- if and (eq .component (get $is "app.kubernetes.io/component"))
           (eq (.receiver | default "") (get $is "meterstream/receiver"))
           (eq (.stage | default "") (get $is "meterstream/stage"))
           (not .options.stopped) -}}
{{- fail (printf "%s still runs: to divide its work in another way, upgrade with `stopped` first (docs/deploy.md)" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
