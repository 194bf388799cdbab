{{/*
Refuses an upgrade that would run producers of the old and the new number of shards side by side: two that poll the same
points mix up versions. What runs is asked of the cluster; where nobody can be asked (`helm template`) nothing is refused.
*/}}
{{- define "meterstream.guard" -}}
{{- $count := int .Values.producer.shards -}}
{{- range (lookup "apps/v1" "Deployment" .Release.Namespace "").items -}}
{{- $labels := .metadata.labels | default dict -}}
{{- $part := get $labels "meterstream/part" | default "" -}}
{{- $ours := and (eq (get $labels "app.kubernetes.io/instance" | default "") $.Release.Name)
                 (eq (get $labels "app.kubernetes.io/component" | default "") "producer") -}}
{{- if and $ours (not (hasSuffix (printf "-of-%d" $count) $part)) (gt (int (.status.replicas | default 0)) 0) -}}
{{- fail (printf "%s still runs: to change producer.shards, upgrade with producer.stopped=true first" .metadata.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
