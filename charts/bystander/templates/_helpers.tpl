{{- define "bystander.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "bystander.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "bystander.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "bystander.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "bystander.selector" -}}
app.kubernetes.io/name: {{ include "bystander.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "bystander.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{ include "bystander.selector" . }}
{{- end -}}

{{- /* The image of a role; with gpu the one for CUDA. */ -}}
{{- define "bystander.image" -}}
{{- $i := .root.Values.image -}}
{{- $tag := default .root.Chart.AppVersion $i.tag -}}
{{- if .gpu -}}
{{- $i = .root.Values.imageCUDA -}}
{{- $tag = default (printf "%s-cuda" .root.Chart.AppVersion) $i.tag -}}
{{- end -}}
{{- if $i.digest -}}{{ $i.repository }}@{{ $i.digest }}{{- else -}}{{ $i.repository }}:{{ $tag }}{{- end -}}
{{- end -}}

{{- define "bystander.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "bystander.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
privileged: false
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* What every role's bystander.yml says, before its own settings. */ -}}
{{- define "bystander.commonConfig" -}}
data: /var/lib/bystander
log:
  format: json
models:
  offline: true
{{- if .Values.models.volume }}
  mirrors: [/var/lib/bystander-models]
{{- end }}
{{- if or .Values.kafka.brokers .Values.clickhouse.addrs }}
events:
  {{- if .Values.kafka.brokers }}
  kafka:
    brokers: {{ toJson .Values.kafka.brokers }}
    {{- if .Values.kafka.tls.enabled }}
    tls:
      enabled: true
      {{- if .Values.kafka.tls.existingSecret }}
      ca: /etc/bystander/kafka-tls/ca.crt
      {{- if .Values.kafka.tls.clientCertificate }}
      cert: /etc/bystander/kafka-tls/tls.crt
      key: /etc/bystander/kafka-tls/tls.key
      {{- end }}
      {{- end }}
    {{- end }}
    {{- if .Values.kafka.sasl.mechanism }}
    sasl:
      mechanism: {{ .Values.kafka.sasl.mechanism }}
      user: {{ .Values.kafka.sasl.user | quote }}
      password_file: /etc/bystander/kafka-sasl/password
    {{- end }}
  {{- end }}
  {{- if .Values.clickhouse.addrs }}
  clickhouse:
    addrs: {{ toJson .Values.clickhouse.addrs }}
    http: {{ .Values.clickhouse.http }}
    database: {{ .Values.clickhouse.database }}
    {{- with .Values.clickhouse.cluster }}
    cluster: {{ . }}
    {{- end }}
    {{- with .Values.clickhouse.user }}
    user: {{ . | quote }}
    {{- end }}
    {{- if .Values.clickhouse.passwordSecret.name }}
    password_file: /etc/bystander/clickhouse/password
    {{- end }}
    {{- if .Values.clickhouse.tls.enabled }}
    tls:
      enabled: true
      {{- if .Values.clickhouse.tls.existingSecret }}
      ca: /etc/bystander/clickhouse-tls/ca.crt
      {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end -}}

{{- /* Environment, mounts and volumes that every role has. */ -}}
{{- define "bystander.env" -}}
- name: BYSTANDER_CONFIG
  value: {{ .config | default "/etc/bystander/bystander.yml" }}
- name: HOME
  value: /tmp
- name: GOTRACEBACK
  value: none
{{- if and .keys .root.Values.masterKey.existingSecret }}
- name: BYSTANDER_MASTER_KEY
  value: file:/run/bystander/master.key
{{- end }}
{{- end -}}

{{- define "bystander.mounts" -}}
- {name: config, mountPath: /etc/bystander/bystander.yml, subPath: bystander.yml, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- if and .keys .root.Values.masterKey.existingSecret }}
- {name: master, mountPath: /run/bystander, readOnly: true}
{{- end }}
{{- if and .root.Values.kafka.tls.enabled .root.Values.kafka.tls.existingSecret }}
- {name: kafka-tls, mountPath: /etc/bystander/kafka-tls, readOnly: true}
{{- end }}
{{- if .root.Values.kafka.sasl.mechanism }}
- {name: kafka-sasl, mountPath: /etc/bystander/kafka-sasl, readOnly: true}
{{- end }}
{{- if .root.Values.clickhouse.passwordSecret.name }}
- {name: clickhouse, mountPath: /etc/bystander/clickhouse, readOnly: true}
{{- end }}
{{- if and .root.Values.clickhouse.tls.enabled .root.Values.clickhouse.tls.existingSecret }}
- {name: clickhouse-tls, mountPath: /etc/bystander/clickhouse-tls, readOnly: true}
{{- end }}
{{- if and .models .root.Values.models.volume }}
- {name: models, mountPath: /var/lib/bystander-models, readOnly: true}
{{- end }}
{{- if and .postgres .root.Values.postgres.url }}
{{- if .root.Values.postgres.passwordSecret.name }}
- {name: postgres, mountPath: /etc/bystander/postgres, readOnly: true}
{{- end }}
{{- if .root.Values.postgres.tls.existingSecret }}
- {name: postgres-tls, mountPath: /etc/bystander/postgres-tls, readOnly: true}
{{- end }}
{{- end }}
{{- end -}}

{{- define "bystander.volumes" -}}
- name: config
  configMap:
    name: {{ .configMap }}
- name: tmp
  emptyDir: {sizeLimit: 1Gi}
{{- if and .keys .root.Values.masterKey.existingSecret }}
- name: master
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
- name: master-secret
  secret:
    secretName: {{ .root.Values.masterKey.existingSecret }}
    defaultMode: 0440
    items: [{key: {{ .root.Values.masterKey.key }}, path: master.key}]
{{- end }}
{{- if and .root.Values.kafka.tls.enabled .root.Values.kafka.tls.existingSecret }}
- name: kafka-tls
  secret:
    secretName: {{ .root.Values.kafka.tls.existingSecret }}
    defaultMode: 0440
{{- end }}
{{- with .root.Values.kafka.sasl }}
{{- if .mechanism }}
- name: kafka-sasl
  secret:
    secretName: {{ .existingSecret }}
    defaultMode: 0440
    items: [{key: {{ .key }}, path: password}]
{{- end }}
{{- end }}
{{- with .root.Values.clickhouse.passwordSecret }}
{{- if .name }}
- name: clickhouse
  secret:
    secretName: {{ .name }}
    defaultMode: 0440
    items: [{key: {{ .key }}, path: password}]
{{- end }}
{{- end }}
{{- if and .root.Values.clickhouse.tls.enabled .root.Values.clickhouse.tls.existingSecret }}
- name: clickhouse-tls
  secret:
    secretName: {{ .root.Values.clickhouse.tls.existingSecret }}
    defaultMode: 0440
{{- end }}
{{- if and .models .root.Values.models.volume }}
- name: models
  {{- toYaml .root.Values.models.volume | nindent 2 }}
{{- end }}
{{- if and .postgres .root.Values.postgres.url }}
{{- with .root.Values.postgres.passwordSecret }}
{{- if .name }}
- name: postgres
  secret:
    secretName: {{ .name }}
    defaultMode: 0440
    items: [{key: {{ .key }}, path: password}]
{{- end }}
{{- end }}
{{- with .root.Values.postgres.tls.existingSecret }}
- name: postgres-tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- end }}
{{- end -}}

{{- /* Probes ask as localhost: the server answers to names that it knows only. */ -}}
{{- define "bystander.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: {{ .port }}, httpHeaders: [{name: Host, value: localhost}]}
  periodSeconds: 2
  failureThreshold: 90
livenessProbe:
  httpGet: {path: /healthz, port: {{ .port }}, httpHeaders: [{name: Host, value: localhost}]}
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /healthz, port: {{ .port }}, httpHeaders: [{name: Host, value: localhost}]}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end -}}

{{- define "bystander.podExtras" -}}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .role.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .role.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* A secret's files can be read by the pod's group, which the program refuses
for keys; a copy in memory can be read by its user alone. One item of initContainers. */ -}}
{{- define "bystander.keyInit" -}}
{{- if and .keys .root.Values.masterKey.existingSecret -}}
- name: master-key
  image: {{ include "bystander.image" . | quote }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  command: [/bin/sh, -c, "umask 077 && cp /secret/master.key /run/bystander/master.key"]
  securityContext:
    {{- include "bystander.containerSecurity" . | nindent 4 }}
  resources:
    requests: {cpu: 10m, memory: 16Mi}
    limits: {memory: 32Mi}
  volumeMounts:
    - {name: master, mountPath: /run/bystander}
    - {name: master-secret, mountPath: /secret, readOnly: true}
{{- end }}
{{- end -}}

{{- define "bystander.testContainer" -}}
image: {{ include "bystander.image" (dict "root" .) | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- include "bystander.containerSecurity" . | nindent 2 }}
resources:
  requests: {cpu: 10m, memory: 32Mi}
  limits: {memory: 64Mi}
{{- end -}}
