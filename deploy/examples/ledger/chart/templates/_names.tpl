{{- define "ledger.schema" -}}
{{- if not (and (kindIs "string" .Values.schema) .Values.schema) -}}
{{- fail "Value schema is missing or a number: pass the revision as text, --set-string schema=0008" -}}
{{- end -}}
{{- .Values.schema -}}
{{- end -}}

{{- define "ledger.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ledger.labels" -}}
{{ include "ledger.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}
