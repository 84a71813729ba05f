{{- /* What only the control's bystander.yml says. */ -}}
{{- define "bystander.controlConfig" -}}
{{- $name := printf "%s-control" (include "bystander.fullname" .) }}
{{- $hosts := concat (list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) (printf "%s.%s.svc.cluster.local" $name .Release.Namespace)) .Values.control.hosts .Values.ingress.hosts }}
{{- range $i := until (int .Values.control.replicas) }}
{{- $hosts = append $hosts (printf "%s-%d.%s-pods.%s.svc" $name $i $name $.Release.Namespace) }}
{{- end }}
server:
  listen: 0.0.0.0:8080
  https: true
  hosts: {{ $hosts | uniq | toJson }}
{{- if .Values.peers.enabled }}
role: control
peers:
  listen: 0.0.0.0:8443
  ca: /var/lib/bystander-ca/authority
  {{- with .Values.peers.networks }}
  networks: {{ toJson . }}
  {{- end }}
{{- end }}
{{- with .Values.postgres }}
{{- if .url }}
{{- $params := list }}
{{- if .tls.existingSecret }}
{{- $params = append $params "sslrootcert=/etc/bystander/postgres-tls/ca.crt" }}
{{- if .tls.clientCertificate }}
{{- $params = concat $params (list "sslcert=/etc/bystander/postgres-tls/tls.crt" "sslkey=/etc/bystander/postgres-tls/tls.key") }}
{{- end }}
{{- end }}
store:
  postgres: {{ if $params }}{{ printf "%s%s%s" .url (contains "?" .url | ternary "&" "?") (join "&" $params) | quote }}{{ else }}{{ .url | quote }}{{ end }}
  {{- if .passwordSecret.name }}
  password_file: /etc/bystander/postgres/password
  {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* What several replicas cannot do without. */ -}}
{{- define "bystander.controlChecks" -}}
{{- if gt (int .Values.control.replicas) 1 }}
{{- if not .Values.postgres.url }}{{ fail "control.replicas: several share their data on a PostgreSQL server; set postgres.url (docs/postgres.md)" }}{{ end }}
{{- if not .Values.control.keys.existingSecret }}{{ fail "control.keys.existingSecret: several replicas need the same keys; make them with: bystander control keys make DIR (docs/install.md)" }}{{ end }}
{{- if not .Values.masterKey.existingSecret }}{{ fail "masterKey.existingSecret: several replicas need the same master key; it is among those of: bystander control keys make DIR (docs/install.md)" }}{{ end }}
{{- if .Values.control.persistence.existingClaim }}{{ fail "control.persistence.existingClaim: each replica has a volume of its own; leave it out" }}{{ end }}
{{- end }}
{{- end -}}

{{- /* Each replica has a name of its own on the log: its pod's. */ -}}
{{- define "bystander.controlEnv" -}}
- name: BYSTANDER_EVENTS_EDGE
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{ include "bystander.env" . }}
{{- end -}}

{{- /* Before a replica starts: the master key, the keys that replicas share, and
the house's authority, which the first one makes. */ -}}
{{- define "bystander.controlInit" -}}
{{- $v := .root.Values }}
{{- $master := include "bystander.keyInit" . }}
{{- if or $master $v.control.keys.existingSecret $v.peers.enabled }}
initContainers:
{{- with $master }}
{{- . | nindent 2 }}
{{- end }}
{{- if $v.control.keys.existingSecret }}
  - name: keys
    {{- include "bystander.initContainer" . | nindent 4 }}
    args: [control, keys, take, /secret/keys]
    env:
      {{- include "bystander.controlEnv" . | nindent 6 }}
    volumeMounts:
      {{- include "bystander.mounts" . | nindent 6 }}
      - {name: data, mountPath: /var/lib/bystander}
      - {name: keys, mountPath: /secret/keys, readOnly: true}
{{- end }}
{{- if $v.peers.enabled }}
  - name: authority
    {{- include "bystander.initContainer" . | nindent 4 }}
    # The volume itself is open to the pod's group; the authority's folder is not.
    args: [ca, init, --keep, --dir=/var/lib/bystander-ca/authority]
    volumeMounts:
      - {name: authority, mountPath: /var/lib/bystander-ca}
      - {name: tmp, mountPath: /tmp}
{{- end }}
{{- end }}
{{- end -}}

{{- define "bystander.initContainer" -}}
image: {{ include "bystander.image" . | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- include "bystander.containerSecurity" . | nindent 2 }}
resources:
  requests: {cpu: 10m, memory: 64Mi}
  limits: {memory: 256Mi}
{{- end -}}

{{- /* The line to the edges: its address, and the authority's volume. */ -}}
{{- define "bystander.peersObjects" -}}
{{- $name := printf "%s-control" (include "bystander.fullname" .) }}
{{- $c := dict "root" . "component" "control" }}
{{- $a := .Values.peers.authority }}
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}-peers
  labels:
    {{- include "bystander.labels" (merge (dict "component" "control-peers") $c) | nindent 4 }}
  {{- with .Values.peers.service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ .Values.peers.service.type }}
  {{- if ne .Values.peers.service.type "ClusterIP" }}
  externalTrafficPolicy: Local # peers.networks goes by where an edge calls from
  {{- end }}
  selector:
    {{- include "bystander.selector" $c | nindent 4 }}
  ports:
    - {name: peers, port: 8443, targetPort: peers}
{{- if not $a.existingClaim }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ $name }}-authority
  labels:
    {{- include "bystander.labels" $c | nindent 4 }}
  annotations:
    helm.sh/resource-policy: keep # without it every edge has to be invited again
spec:
  accessModes: [{{ gt (int .Values.control.replicas) 1 | ternary "ReadWriteMany" "ReadWriteOnce" }}]
  {{- with $a.storageClass }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests:
      storage: {{ $a.size }}
{{- end }}
{{- end -}}
