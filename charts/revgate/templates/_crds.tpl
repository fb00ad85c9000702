{{/* The fields and choices that the chart's schema has and the cluster's lacks, from (list ours theirs path). */}}
{{- define "revgate.lacking" -}}
{{- $ours := index . 0 }}{{ $theirs := index . 1 }}{{ $path := index . 2 -}}
{{- range $name, $field := $ours.properties }}
{{- $below := printf "%s.%s" $path $name }}
{{- if hasKey ($theirs.properties | default dict) $name }}
{{- include "revgate.lacking" (list $field (index $theirs.properties $name) $below) }}
{{- else }} {{ trimPrefix "." $below }}
{{- end }}
{{- end }}
{{- with $ours.items }}
{{- include "revgate.lacking" (list . ($theirs.items | default dict) $path) }}
{{- end }}
{{- range $ours.enum }}
{{- if not (has . ($theirs.enum | default list)) }} {{ trimPrefix "." $path }}={{ . }}{{ end }}
{{- end }}
{{- end }}
