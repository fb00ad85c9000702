{{/*
The migration: a SchemaMigration, or with hook.enabled a hook Job. Put it into a file of its own in the app's chart:
{{ include "schema-migration.migration" . }}
*/}}
{{- define "schema-migration.migration" -}}
{{- $values := include "schema-migration.values" . | fromYaml -}}
{{- if $values.hook.enabled }}
{{- include "schema-migration.hook" . }}
{{- else }}
{{- include "schema-migration.resource" . }}
{{- end }}
{{- end }}

{{- define "schema-migration.resource" -}}
{{- $values := include "schema-migration.values" . | fromYaml -}}
{{- $spec := dict "image" $values.image "database" $values.database -}}
apiVersion: revgate.io/v1alpha1
kind: SchemaMigration
metadata:
  name: {{ include "schema-migration.name" . }}
  namespace: {{ .Release.Namespace }}
  labels: {{- include "schema-migration.labels" . | nindent 4 }}
spec: {{- mergeOverwrite $spec ($values.spec | default dict) | toYaml | nindent 2 }}
{{- end }}

{{/* `revgate job` itself, under the same lock and with the same ledger as the operator's Jobs. */}}
{{- define "schema-migration.hook" -}}
{{- $values := include "schema-migration.values" . | fromYaml -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ printf "%.55s" (include "schema-migration.name" .) | trimSuffix "-" | trimSuffix "." }}-migrate
  namespace: {{ .Release.Namespace }}
  labels: {{- include "schema-migration.labels" . | nindent 4 }}
  annotations:
    helm.sh/hook: {{ $values.hook.events | quote }}
    helm.sh/hook-delete-policy: before-hook-creation # the last one stays, for its log
spec:
  backoffLimit: {{ $values.hook.retries }}
  podReplacementPolicy: Failed # never two pods at once
  podFailurePolicy:
    rules: # no activeDeadlineSeconds: it would take the pod with its log
    - action: Ignore # evicted: once more, and it does not count
      onPodConditions:
      - type: DisruptionTarget
        status: "True"
    - action: FailJob # what a human must mend is not tried again
      onExitCodes:
        containerName: migrate
        operator: NotIn
        values: [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 40]
  template:
    metadata:
      labels: {{- include "schema-migration.labels" . | nindent 8 }}
      annotations:
        cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
        karpenter.sh/do-not-disrupt: "true"
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 60 # SIGTERM cancels the statement, rolls back and reports
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with $values.hook.serviceAccountName }}
      serviceAccountName: {{ . | quote }}
      {{- end }}
      containers:
      - name: migrate
        image: {{ $values.image | quote }}
        command: [revgate, job]
        {{- with $values.hook.args }}
        args: {{- toYaml . | nindent 8 }}
        {{- end }}
        env: {{- include "schema-migration.env" . | nindent 8 }}
        resources: {{- toYaml $values.hook.resources | nindent 10 }}
        securityContext: {{- include "schema-migration.security" . | nindent 10 }}
        volumeMounts:
        - name: tmp
          mountPath: /tmp
      volumes:
      - name: tmp
        emptyDir: {}
{{- end }}
