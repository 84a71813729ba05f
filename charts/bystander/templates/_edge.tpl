{{- /* What only the bystander.yml of an edge that joins a control says. Its name on
the log is the one that it was invited by. */ -}}
{{- define "bystander.joinedConfig" -}}
{{- $root := .root }}
role: edge
server: {listen: "0.0.0.0:8080", allow_insecure_network: true} # health and metrics alone
peers:
  control: {{ include "bystander.peersAddress" $root | quote }}
  dir: /var/lib/bystander/keys/peer
policy:
  from: bus
  site: {{ required (printf "edges: %s: join.site: name the site that the control has" .edge.name) .edge.join.site | quote }}
  key: /var/lib/bystander/keys/peer/policy.pub
{{- end -}}

{{- /* Where edges reach the control. */ -}}
{{- define "bystander.peersAddress" -}}
{{- if .Values.peers.control -}}
{{- .Values.peers.control -}}
{{- else if and .Values.control.enabled .Values.peers.enabled -}}
{{- printf "https://%s-control-peers.%s.svc:8443" (include "bystander.fullname" .) .Release.Namespace -}}
{{- else -}}
{{- fail "edges join a control: set peers.enabled, or peers.control to the address of one elsewhere" -}}
{{- end -}}
{{- end -}}

{{- /* One item of initContainers: the first start trades the invitation for a
certificate, in the edge's own volume; later ones find it there, renewed by the
program itself. */ -}}
{{- define "bystander.joinInit" -}}
- name: join
  {{- include "bystander.initContainer" .c | nindent 2 }}
  args:
    - edge
    - join
    - --invitation={{ .perNode | ternary "/run/invitation/$(NODE_NAME).json" "/run/invitation/invitation.json" }}
    - --dir=/var/lib/bystander/keys/peer
  {{- if .perNode }}
  env:
    - name: NODE_NAME
      valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
  {{- end }}
  volumeMounts:
    - {name: data, mountPath: /var/lib/bystander}
    - {name: invitation, mountPath: /run/invitation, readOnly: true}
    - {name: tmp, mountPath: /tmp}
{{- end -}}

{{- /* Where browsers come for live pictures: what the program is told, by its
environment, since only the pod knows its addresses. With hostNetwork the pod's is
the node's. */ -}}
{{- define "bystander.liveEnv" -}}
- name: BYSTANDER_LIVE_UDP_PORT
  value: {{ .port | int | quote }}
- name: BYSTANDER_LIVE_TCP_PORT
  value: {{ ternary .port 0 (include "bystander.liveTCP" . | eq "true") | int | quote }}
- name: BYSTANDER_LIVE_ADDRESSES
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
{{- if .public }}
- name: BYSTANDER_LIVE_PUBLIC
  value: {{ join "," .public | quote }}
{{- else if .hostPort }}
- name: BYSTANDER_LIVE_PUBLIC
  valueFrom: {fieldRef: {fieldPath: status.hostIP}}
{{- end }}
{{- end -}}

{{- define "bystander.livePorts" -}}
- {name: live-udp, containerPort: {{ .port }}, protocol: UDP{{ if .hostPort }}, hostPort: {{ .port }}{{ end }}}
{{- if include "bystander.liveTCP" . | eq "true" }}
- {name: live-tcp, containerPort: {{ .port }}, protocol: TCP{{ if .hostPort }}, hostPort: {{ .port }}{{ end }}}
{{- end }}
{{- end -}}

{{- /* TCP, where UDP does not get through: unless it is said otherwise. */ -}}
{{- define "bystander.liveTCP" -}}
{{- ternary .tcp true (hasKey . "tcp") -}}
{{- end -}}
