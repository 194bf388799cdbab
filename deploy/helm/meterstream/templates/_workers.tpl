{{/*
Every worker of the release, as JSON: a list of {component, receiver, stage, part, of, command, options, sections}.
`of`: how many divide the work among them; `first`: the first of them.
`sections`: what a worker reads of the settings. Its secrets are looked for there, and a change of it restarts it.
*/}}
{{- define "meterstream.workers" -}}
{{- $workers := concat
      (include "meterstream.producers" . | fromJsonArray)
      (include "meterstream.sinks" . | fromJsonArray) -}}
{{- $common := include "meterstream.common" . | fromJson -}}
{{- $workers = append $workers (dict
      "component" "streams" "first" true "of" (int .Values.streams.replicas) "command" (list "python" "-m" "streams")
      "options" .Values.streams
      "sections" (dict "common" $common "own" (.Values.settings.streams | default dict))) -}}
{{- if .Values.observer.enabled -}}
{{- $workers = append $workers (dict
      "component" "observer" "first" true "of" 1 "command" (list "meterstream" "observe")
      "options" .Values.observer
      "sections" (dict "common" $common "own" (.Values.settings.observer | default dict))) -}}
{{- end -}}
{{- if .Values.operator.enabled -}}
{{- $workers = append $workers (dict
      "component" "operator" "first" true "of" 1
      "command" (list "python" "-c" "import signal; signal.sigwait([signal.SIGTERM, signal.SIGINT])")
      "options" .Values.operator "sections" (dict "common" $common "own" (pick .Values.settings "sources" "receivers" "streams"))) -}}
{{- end -}}
{{ toJson $workers }}
{{- end -}}

{{/* What of the settings every process reads. */}}
{{- define "meterstream.common" -}}
{{ omit .Values.settings "sources" "receivers" "streams" "observer" | toJson }}
{{- end -}}

{{- define "meterstream.producers" -}}
{{- $root := . -}}
{{- $common := include "meterstream.common" . | fromJson -}}
{{- $count := int .Values.producer.shards -}}
{{- $workers := list -}}
{{- if .Values.settings.sources -}}
{{- range $number := untilStep 1 (int (add1 $count)) 1 -}}
{{- $workers = append $workers (dict
      "component" "producer" "first" (eq $number 1) "of" $count "part" (printf "%d-of-%d" $number $count)
      "command" (list "python" "-m" "producer" "--shard" (printf "%d/%d" $number $count))
      "options" $root.Values.producer
      "sections" (dict "common" $common "own" $root.Values.settings.sources "points" $root.Values.points.files)) -}}
{{- end -}}
{{- end -}}
{{ toJson $workers }}
{{- end -}}

{{- define "meterstream.sinks" -}}
{{- $workers := list -}}
{{- $names := list -}}
{{- range $name, $receiver := .Values.settings.receivers -}}
{{- range $stage := list "production" "test" -}}
{{- if or (eq $stage "production") (hasKey $receiver "test") -}}
{{- range include "meterstream.sink" (dict "root" $ "name" $name "stage" $stage) | fromJsonArray -}}
{{- $called := include "meterstream.worker" (merge (dict "root" $) .) -}}
{{- if or (has $called $names) (not (regexMatch "[A-Za-z0-9]$" $name)) -}}
{{- fail (printf "settings.receivers.%s: %s is no name of its own in Kubernetes; rename the receiver" $name $called) -}}
{{- end -}}
{{- $names = append $names $called -}}
{{- $workers = append $workers . -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $label, $_ := .Values.sinks.receivers -}}
{{- $receiver := get ($.Values.settings.receivers | default dict) (trimSuffix ".test" $label) | default dict -}}
{{- if or (not $receiver) (and (hasSuffix ".test" $label) (not (hasKey $receiver "test"))) -}}
{{- fail (printf "sinks.receivers.%s: settings.receivers has no such receiver or stage" $label) -}}
{{- end -}}
{{- end -}}
{{ toJson $workers }}
{{- end -}}

{{/* The workers of one receiver's stage: one, or one for each share. */}}
{{- define "meterstream.sink" -}}
{{- $test := eq .stage "test" -}}
{{- $label := ternary (printf "%s.test" .name) .name $test -}}
{{- $receiver := get .root.Values.settings.receivers .name -}}
{{- $own := omit $receiver "momentum_api" (ternary "dsn" "test" $test) -}}
{{- $place := ternary $receiver.test $receiver $test -}}
{{- $special := get .root.Values.sinks.receivers $label | default dict -}}
{{- $options := mergeOverwrite (deepCopy (omit .root.Values.sinks "receivers")) (deepCopy $special) -}}
{{- if and (has $place.database (list "sqlite" "files")) (not $options.claim) -}}
{{- fail (printf "receiver %s keeps files: name the PersistentVolumeClaim for them, sinks.receivers.%s.claim" $label $label) -}}
{{- end -}}
{{- $count := int ($options.shares | default 1) -}}
{{- $several := gt $count 1 -}}
{{- $command := list "python" "-m" "sinks" "--receiver" .name "--stage" .stage -}}
{{- $worker := dict
      "component" "sinks" "receiver" .name "stage" .stage "of" $count "options" $options
      "sections" (dict "common" (include "meterstream.common" .root | fromJson) "own" $own) -}}
{{- $workers := list -}}
{{- range $number := untilStep 1 (int (add1 $count)) 1 -}}
{{- $workers = append $workers (merge (dict
      "first" (eq $number 1)
      "part" (ternary (printf "%d-of-%d" $number $count) "" $several)
      "command" (ternary (concat $command (list "--share" (printf "%d/%d" $number $count))) $command $several)) $worker) -}}
{{- end -}}
{{ toJson $workers }}
{{- end -}}
