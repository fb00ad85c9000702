{{/* The values, checked: what is missing or was not quoted is named before anything is installed. */}}
{{- define "schema-migration.values" -}}
{{- $values := index .Values "schema-migration" -}}
{{- if not $values.image }}{{ fail "schema-migration.image is missing: name the app's image, which has the Alembic scripts and revgate" }}{{ end -}}
{{- if not (kindIs "string" $values.image) }}{{ fail "schema-migration.image is no text: quote it" }}{{ end -}}
{{- if not $values.database }}{{ fail "schema-migration.database is missing: give urlFrom.secretKeyRef, the Secret and the key with the database's URL" }}{{ end -}}
{{- toYaml $values -}}
{{- end }}

{{- define "schema-migration.name" -}}
{{ (index .Values "schema-migration").name | default .Release.Name }}
{{- end }}

{{/* A revision that was not quoted has become a number: 0008 is 8, and 12e4 is 120000. */}}
{{- define "schema-migration.requires" -}}
{{- $requires := (index .Values "schema-migration").requires -}}
{{- if and $requires (not (kindIs "string" $requires)) }}{{ fail (printf "schema-migration.requires is no text: quote the revision, it was read as %v" $requires) }}{{ end -}}
{{- if not (trimAll " ," (toString $requires)) }}{{ fail "schema-migration.requires is missing: set it to the app's __version_schema__, in quotes" }}{{ end -}}
{{- $requires -}}
{{- end }}

{{/* Where a runner and a gate find the database: references only, the kubelet puts the Secret's values in. */}}
{{- define "schema-migration.env" -}}
{{- $database := (include "schema-migration.values" . | fromYaml).database -}}
- name: HOME # a uid without a line in /etc/passwd has /, which is read-only
  value: /tmp
{{- with $database.urlFrom }}
- name: REVGATE_DATABASE_URL
  valueFrom: {{- toYaml . | nindent 4 }}
{{- end }}
{{- range $field, $name := dict "host" "HOST" "port" "PORT" "name" "NAME" "sslMode" "SSLMODE" }}
{{- with index $database $field }}
- name: REVGATE_DATABASE_{{ $name }}
  value: {{ toString . | quote }}
{{- end }}
{{- end }}
{{- range $field, $name := dict "userFrom" "USER" "passwordFrom" "PASSWORD" }}
{{- with index $database $field }}
- name: REVGATE_DATABASE_{{ $name }}
  valueFrom: {{- toYaml . | nindent 4 }}
{{- end }}
{{- end }}
{{- end }}

{{- define "schema-migration.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "schema-migration.labels" -}}
app.kubernetes.io/name: {{ include "schema-migration.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
