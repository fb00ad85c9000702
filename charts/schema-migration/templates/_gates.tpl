{{/*
The init container that waits until the database serves what the app requires; an item of a pod's initContainers:
{{- include "schema-migration.init-container" . | nindent 6 }}
*/}}
{{- define "schema-migration.init-container" -}}
{{- $values := include "schema-migration.values" . | fromYaml -}}
- name: wait-for-schema
  image: {{ $values.gateImage | quote }}
  args: [wait, {{ printf "--requires=%s" (include "schema-migration.requires" .) | quote }}{{ with (($values.spec).alembic).versionTable }}, {{ printf "--version-table=%s" . | quote }}{{ end }}{{ with (($values.spec).alembic).versionTableSchema }}, {{ printf "--version-table-schema=%s" . | quote }}{{ end }}]
  env: {{- include "schema-migration.env" . | nindent 2 }}
  resources:
    requests:
      cpu: 10m
      memory: 32Mi
  securityContext: {{- include "schema-migration.security" . | nindent 4 }}
{{- end }}

{{/* For the scheduling gate, which needs the operator: labels and annotations of the pod's metadata. */}}
{{- define "schema-migration.pod-labels" -}}
revgate.io/migration: {{ include "schema-migration.name" . | quote }}
{{- end }}

{{- define "schema-migration.pod-annotations" -}}
revgate.io/requires: {{ include "schema-migration.requires" . | quote }}
{{- end }}

{{/* Items of a pod's schedulingGates, where no webhook puts them in. */}}
{{- define "schema-migration.scheduling-gates" -}}
- name: revgate.io/schema
{{- end }}
