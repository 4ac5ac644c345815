{{- define "clic.services" -}}
intake routing deadlines reporting
{{- end }}

{{- define "clic.fullname" -}}
{{- if gt (len .Release.Name) 34 }}{{ fail "the release's name has at most 34 letters: a CronJob's has 52, and it begins with it" }}{{ end -}}
{{ .Release.Name }}
{{- end }}

{{- /* What selects pods: it never changes during a release's life. Called with (dict "root" $ "component" NAME). */}}
{{- define "clic.selector" -}}
app.kubernetes.io/name: clic
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "clic.labels" -}}
{{ include "clic.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: clic
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "clic.image" -}}
{{- $image := .root.Values.image }}
{{- $name := printf "%s/clic-%s" (required "image.registry: where the images are" $image.registry) .member }}
{{- with get $image.digests .member }}{{ $name }}@{{ . }}{{ else }}{{ $name }}:{{ $image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "clic.secret" -}}
{{- get .root.Values .component | dig "secret" "" | default (printf "%s-%s" (include "clic.fullname" .root) .component) }}
{{- end }}

{{- /* The port of an address: as it says, or as is usual. Called with (dict "url" URL "usual" PORT). */}}
{{- define "clic.port" -}}
{{- $host := get (urlParse .url) "host" }}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" $host) | default (toString .usual) }}
{{- end }}

{{- /* Of a value of `settings`, as the environment has it: what has parts is JSON. */}}
{{- define "clic.setting" -}}
{{- if kindIs "map" . }}{{ toJson . }}{{ else if and (kindIs "float64" .) (eq (floor .) .) }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{- define "clic.pod-security" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "clic.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "clic.pull-secrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Where a service's own database is; the password is in a file, which is read at each connection. */}}
{{- define "clic.postgres-url" -}}
{{- $database := (get .root.Values .component).database }}
{{- $postgres := .root.Values.postgres }}
{{- printf "postgresql://%s@%s:%v/%s?sslmode=verify-full&sslrootcert=/etc/clic/postgres-ca/ca.crt" $database.user $postgres.host $postgres.port $database.name }}
{{- end }}

{{- define "clic.postgres-env" -}}
- name: CLIC_POSTGRES_URL
  value: {{ include "clic.postgres-url" . | quote }}
- name: CLIC_POSTGRES_PASSWORD_FILE
  value: /etc/clic/secret/postgres-password
{{- end }}

{{- define "clic.nats-env" -}}
- name: CLIC_NATS_URL
  value: {{ .root.Values.nats.url | quote }}
- name: CLIC_NATS_USER
  value: {{ .component }}
- name: CLIC_NATS_NKEY_SEED_FILE
  value: /etc/clic/secret/nats.nk
- name: CLIC_NATS_CA_FILE
  value: /etc/clic/nats-ca/ca.crt
{{- if .root.Values.nats.clientCertificates }}
- name: CLIC_NATS_CERTIFICATE_FILE
  value: /etc/clic/secret/nats-tls.crt
- name: CLIC_NATS_KEY_FILE
  value: /etc/clic/secret/nats-tls.key
{{- end }}
{{- end }}

{{- define "clic.nats-keys" -}}
nats.nk{{ if .root.Values.nats.clientCertificates }} nats-tls.crt nats-tls.key{{ end }}
{{- end }}

{{- /* A Secret as files: these keys and no others. Called with root, component and keys, separated by spaces. */}}
{{- define "clic.secret-volume" -}}
- name: secret
  secret:
    secretName: {{ include "clic.secret" . }}
    defaultMode: 0440
    items:
      {{- range splitList " " .keys }}
      - { key: {{ . }}, path: {{ . }} }
      {{- end }}
{{- end }}

{{- define "clic.ca-volume" -}}
- name: {{ .name }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    items:
      - { key: ca.crt, path: ca.crt }
{{- end }}

{{- /* A job to its end. Called with root, component (what it is), owner (whose account and Secret), member (whose image),
args, env, keys (of the Secret), authorities (Secrets with a ca.crt by volume), and more mounts and volumes. */}}
{{- define "clic.job-spec" -}}
{{- $memory := .memory | default (list "128Mi" "512Mi") }}
backoffLimit: {{ .backoffLimit | default 10 }}
template:
  metadata:
    labels: {{- include "clic.labels" (dict "root" .root "component" .component) | nindent 6 }}
  spec:
    restartPolicy: Never # So that the log of each try stays.
    serviceAccountName: {{ include "clic.fullname" .root }}-{{ .owner }}
    automountServiceAccountToken: false
    enableServiceLinks: false
    securityContext: {{- include "clic.pod-security" .root | nindent 6 }}
    {{- include "clic.pull-secrets" .root | nindent 4 }}
    containers:
      - name: {{ .component }}
        image: {{ include "clic.image" (dict "root" .root "member" .member) }}
        imagePullPolicy: {{ .root.Values.image.pullPolicy }}
        args: {{- toYaml .args | nindent 10 }}
        securityContext: {{- include "clic.container-security" .root | nindent 10 }}
        env: {{- .env | nindent 10 }}
        resources:
          requests: { cpu: 50m, memory: {{ first $memory }} }
          limits: { memory: {{ last $memory }} }
        volumeMounts:
          - { name: tmp, mountPath: /tmp }
          {{- if .keys }}
          - { name: secret, mountPath: /etc/clic/secret, readOnly: true }
          {{- end }}
          {{- range $name, $_ := .authorities }}
          - { name: {{ $name }}, mountPath: /etc/clic/{{ $name }}, readOnly: true }
          {{- end }}
          {{- with .mounts }}{{ . | nindent 10 }}{{ end }}
    volumes:
      - name: tmp
        emptyDir: { sizeLimit: {{ .tmp | default "64Mi" }} }
      {{- if .keys }}
      {{- include "clic.secret-volume" (dict "root" .root "component" .owner "keys" .keys) | nindent 6 }}
      {{- end }}
      {{- range $name, $secret := .authorities }}
      {{- include "clic.ca-volume" (dict "name" $name "secret" $secret) | nindent 6 }}
      {{- end }}
      {{- with .volumes }}{{ . | nindent 6 }}{{ end }}
{{- end }}

{{- define "clic.town-volume" -}}
- name: town
  configMap:
    name: {{ include "clic.fullname" . }}-town
    defaultMode: 0444
    items:
      {{- range $path, $_ := .Values.town.files }}
      - { key: {{ $path | replace "/" ".." }}, path: {{ $path }} }
      {{- end }}
{{- end }}
