{{/*
The pod of a worker: those of _workers.tpl, and {root, configMap, once, serves}.
`once`: it ends by itself, and comes before the release's own objects. `serves`: metrics and health.
*/}}
{{- define "meterstream.pod" -}}
{{- $values := .root.Values -}}
{{- $secrets := include "meterstream.secrets" . | fromJson -}}
metadata:
  labels:
    {{- include "meterstream.selector" . | nindent 4 }}
    {{- with $values.pods.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/settings: {{ toJson .sections | sha256sum }}
    {{- with $values.pods.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- if .once }}
  restartPolicy: Never
  {{- else }}
  serviceAccountName: {{ include "meterstream.fullname" .root }}
  {{- end }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ int $values.pods.gracePeriod }}
  {{- with $values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with $values.pods.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  {{- if not .once }}
  {{- include "meterstream.spread" . | nindent 2 }}
  {{- end }}
  {{- with $values.pods.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.pods.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .component }}
      image: "{{ $values.image.repository }}:{{ coalesce .options.tag $values.image.tag .root.Chart.AppVersion }}"
      imagePullPolicy: {{ $values.image.pullPolicy }}
      command: {{ toJson .command }}
      env:
        {{- include "meterstream.variables" (dict "options" .options "secrets" $secrets.env "port" $values.pods.metricsPort) | trim | nindent 8 }}
      {{- if .serves }}
      ports:
        - {name: metrics, containerPort: {{ int $values.pods.metricsPort }}}
      startupProbe:  # the points of a large source take a while to read
        httpGet: {path: /healthz, port: metrics}
        periodSeconds: 3
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /healthz, port: metrics}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: {path: /readyz, port: metrics}
        periodSeconds: 5
        timeoutSeconds: 5
      {{- end }}
      resources: {{- toYaml .options.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: settings, mountPath: /etc/meterstream, readOnly: true}
        - {name: tmp, mountPath: /tmp}
        {{- if not .once }}
        - {name: points, mountPath: /var/lib/points, readOnly: true}
        {{- end }}
        {{- if $secrets.files }}
        - {name: secrets, mountPath: /run/secrets/meterstream, readOnly: true}
        {{- end }}
        {{- if .options.claim }}
        - {name: data, mountPath: /var/lib/meterstream}
        {{- end }}
        {{- with .options.volumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: settings
      configMap: {name: {{ .configMap }}}
    - name: tmp
      emptyDir: {medium: Memory, sizeLimit: 64Mi}
    {{- if not .once }}
    - name: points
      {{- if $values.points.volume }}
      {{- toYaml $values.points.volume | nindent 6 }}
      {{- else }}
      configMap: {name: {{ include "meterstream.fullname" .root }}-points}
      {{- end }}
    {{- end }}
    {{- with $secrets.files }}
    - name: secrets
      projected:
        defaultMode: 0440
        sources:
          {{- range $name, $place := . }}
          - secret:
              name: {{ $place.secret }}
              items: [{key: {{ $place.key | quote }}, path: {{ $name | quote }}}]
          {{- end }}
    {{- end }}
    {{- with .options.claim }}
    - name: data
      persistentVolumeClaim: {claimName: {{ . }}}
    {{- end }}
    {{- with .options.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* Variables of a container: those that hold no secret, then those that do. */}}
{{- define "meterstream.variables" -}}
{{- $plain := merge (deepCopy .options.env) (dict
      "METERSTREAM__METRICS__HOST" "0.0.0.0" "METERSTREAM__METRICS__PORT" (printf "%d" (int .port))) -}}
{{- range $name, $value := $plain }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- range $name, $place := .secrets }}
{{- if not (hasKey $plain $name) }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef: {name: {{ $place.secret }}, key: {{ $place.key | quote }}}
{{- end }}
{{- end }}
{{- end -}}

{{/* Workers of a kind on different machines and in different zones, where there are any. */}}
{{- define "meterstream.spread" -}}
{{- $alike := pick . "root" "component" "receiver" "stage" -}}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "meterstream.selector" $alike | nindent 14 }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "meterstream.selector" $alike | nindent 8 }}
{{- end -}}
