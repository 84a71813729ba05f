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
