{{- define "nmp.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{- define "nmp.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "nmp.labels" -}}
{{ include "nmp.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* The measured configuration, with the addresses that a pod has in place of its own. */ -}}
{{- define "nmp.config" -}}
{{- $own := dict "listen" (dict "host" "0.0.0.0" "port" (int .Values.service.port)) }}
{{- $_ := set $own "metrics" (dict "host" "0.0.0.0" "port" (int .Values.metrics.port)) }}
{{- if .Values.node.webSocket }}
{{- $_ := set $own "webSocket" (merge (dict "host" "0.0.0.0") .Values.node.webSocket) }}
{{- end }}
{{- merge $own (omit .Values.node "listen" "metrics" "webSocket" "$schema") | toPrettyJson }}
{{- end }}

{{- define "nmp.pcrs" -}}
{{- dict "pcrs" .Values.pcrs | toPrettyJson }}
{{- end }}

{{- /* True if a dataset is sealed for a key service. */ -}}
{{- define "nmp.sealed" -}}
{{- range .Values.node.datasets }}{{ if dig "sealed" "kms" "" . }}true{{ end }}{{ end }}
{{- end }}

{{- /* What `nmp pcrs kms` prints for the same measurements and role; a test compares the two. */ -}}
{{- define "nmp.kmsStatement" -}}
{
  "Sid": "OnlyThisEnclaveImage",
  "Effect": "Allow",
  "Principal": {
    "AWS": {{ .Values.kms.roleArn | quote }}
  },
  "Action": "kms:Decrypt",
  "Resource": "*",
  "Condition": {
    "StringEqualsIgnoreCase": {
      "kms:RecipientAttestation:ImageSha384": {{ .Values.pcrs.PCR0 | quote }},
      "kms:RecipientAttestation:PCR1": {{ .Values.pcrs.PCR1 | quote }},
      "kms:RecipientAttestation:PCR2": {{ .Values.pcrs.PCR2 | quote }}
      {{- with .Values.pcrs.PCR8 }},
      "kms:RecipientAttestation:PCR8": {{ . | quote }}
      {{- end }}
    }
  }
}
{{- end }}

{{- /* Pages are handed out whole. */ -}}
{{- define "nmp.hugePages" -}}
{{- $page := ternary 1024 2 (eq .Values.enclave.hugePages "1Gi") }}
{{- if mod (int .Values.enclave.memoryMiB) $page }}
{{- fail (printf "enclave.memoryMiB: must be a multiple of %d, the size of a huge page" $page) }}
{{- end }}
{{- .Values.enclave.memoryMiB }}Mi
{{- end }}
