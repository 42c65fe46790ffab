{{- define "podfit.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* podfit for a release named podfit, RELEASE-podfit for another */ -}}
{{- define "podfit.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "podfit.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "podfit.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "podfit.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "podfit.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- /* Of a Deployment these can never change: no version in them. */ -}}
{{- define "podfit.selectorLabels" -}}
app.kubernetes.io/name: {{ include "podfit.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: webhook
{{- end -}}

{{- define "podfit.commonLabels" -}}
app.kubernetes.io/name: {{ include "podfit.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: podfit
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "podfit.labels" -}}
{{ include "podfit.commonLabels" . }}
app.kubernetes.io/component: webhook
{{- end -}}

{{- define "podfit.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "podfit.tlsSecret" -}}
{{- if eq .Values.certificate.mode "existingSecret" -}}
{{- .Values.certificate.existingSecret -}}
{{- else -}}
{{- printf "%s-tls" (include "podfit.fullname" .) -}}
{{- end -}}
{{- end -}}

{{- /* Milliseconds of a duration such as 15s, 1m30s or 500ms. */ -}}
{{- define "podfit.milliseconds" -}}
{{- $total := 0 -}}
{{- range regexFindAll "[0-9]+(ms|s|m|h)" . -1 -}}
{{- $number := regexFind "[0-9]+" . | int -}}
{{- $unit := regexFind "[a-z]+" . -}}
{{- $total = add $total (mul $number (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) $unit)) -}}
{{- end -}}
{{- $total -}}
{{- end -}}

{{- /* What the schema cannot say, since it looks at one value at a time. */ -}}
{{- define "podfit.check" -}}
{{- $answer := include "podfit.milliseconds" .Values.requestTimeout | int -}}
{{- if le (mul 1000 (int .Values.webhook.timeoutSeconds)) $answer -}}
{{- fail (printf "webhook.timeoutSeconds is %v, which must be above requestTimeout '%s': the API server would not wait for an answer" .Values.webhook.timeoutSeconds .Values.requestTimeout) -}}
{{- end -}}
{{- $stop := add (include "podfit.milliseconds" .Values.shutdownDelay | int) (include "podfit.milliseconds" .Values.drainTimeout | int) -}}
{{- if le (mul 1000 (int .Values.terminationGracePeriodSeconds)) $stop -}}
{{- fail (printf "terminationGracePeriodSeconds is %v, which must be above shutdownDelay '%s' and drainTimeout '%s' together" .Values.terminationGracePeriodSeconds .Values.shutdownDelay .Values.drainTimeout) -}}
{{- end -}}
{{- if and .Values.certificate.caBundle (ne .Values.certificate.mode "existingSecret") -}}
{{- fail (printf "certificate.caBundle is for certificate.mode 'existingSecret'; with '%s' something else owns that field" .Values.certificate.mode) -}}
{{- end -}}
{{- if not .Values.gate.enabled -}}
{{- range .Values.config.classes -}}
{{- if eq (default "" .onFull) "gate" -}}
{{- fail (printf "class '%s' has onFull 'gate', which needs gate.enabled: nobody would remove the gate" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
