{{/* Everything of a release is named after it, without saying revgate twice. */}}
{{- define "revgate.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{/* What a Deployment selects by; it can never change. */}}
{{- define "revgate.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "revgate.labels" -}}
{{ include "revgate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* An image reference from (list root image). */}}
{{- define "revgate.image" -}}
{{- $root := index . 0 }}{{ $image := index . 1 -}}
{{ $image.repository }}:{{ $image.tag | default $root.Chart.AppVersion }}
{{- end }}

{{/* The webhook's pods are selected by another name than the operator's. */}}
{{- define "revgate.webhook.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}-webhook
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "revgate.webhook.labels" -}}
{{ include "revgate.webhook.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* A list for a message, which has a limit. */}}
{{- define "revgate.some" -}}
{{ slice . 0 (min 10 (len .) | int) | join ", " }}{{ if gt (len .) 10 }} and {{ sub (len .) 10 }} more{{ end }}
{{- end }}
