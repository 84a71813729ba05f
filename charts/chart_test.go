// Package charts_test checks the Helm chart: that each set of values under
// bystander/ci gives what Kubernetes takes, that the configuration it writes is
// one that the program takes, and that no pod may do more than it has to.
//
//	make chart
package charts_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bystander/internal/config"
	"bystander/internal/release"
)

const kubeVersion = "1.34.0"

// sets are the values that the chart is tested with.
var sets = []string{"machine", "cluster", "gpu"}

// tools is the folder of helm, kubeconform and the schemas, made by make chart.
func tools(t *testing.T) string {
	t.Helper()
	if os.Getenv("BYSTANDER_CHART") == "" {
		t.Skip("make chart runs this; it installs helm and kubeconform first")
	}
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	dir := filepath.Join(cache, "bystander", "tools")
	for _, f := range []string{"helm", "kubeconform"} {
		require.FileExists(t, filepath.Join(dir, f), "run: make chart")
	}
	return dir
}

func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(tools(t), "helm"), args...)
	home := t.TempDir() // nothing of the user's own
	cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s%s", err, errs.String(), out.String())
	}
	return out.String(), nil
}

func template(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return helm(t, append([]string{"template", "venue", "bystander", "--namespace", "cameras", "--kube-version", kubeVersion}, args...)...)
}

type object map[string]any

func (o object) at(path ...string) any {
	var v any = map[string]any(o)
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

func (o object) name() string { return fmt.Sprint(o["kind"], "/", o.at("metadata", "name")) }

// podSpec is the specification of the pods that o makes, nil for none.
func (o object) podSpec() (labels, spec map[string]any) {
	path := []string{"spec", "template"}
	switch o["kind"] {
	case "Pod":
		path = nil
	case "CronJob":
		path = []string{"spec", "jobTemplate", "spec", "template"}
	}
	spec, _ = o.at(append(path, "spec")...).(map[string]any)
	if _, ok := spec["containers"]; !ok {
		return nil, nil
	}
	labels, _ = o.at(append(path, "metadata", "labels")...).(map[string]any)
	return labels, spec
}

func render(t *testing.T, set string) []object {
	t.Helper()
	text, err := template(t, "-f", filepath.Join("bystander", "ci", set+"-values.yaml"))
	require.NoError(t, err)
	var out []object
	for doc := range strings.SplitSeq(text, "\n---") {
		var o object
		require.NoError(t, yaml.Unmarshal([]byte(doc), &o), doc)
		if len(o) > 0 {
			out = append(out, o)
		}
	}
	require.NotEmpty(t, out)
	return out
}

func TestLint(t *testing.T) {
	for _, set := range sets {
		_, err := helm(t, "lint", "bystander", "--strict", "--kube-version", kubeVersion, "-f", filepath.Join("bystander", "ci", set+"-values.yaml"))
		require.NoError(t, err, set)
	}
}

// TestKubernetesTakesIt checks every object against Kubernetes' own schemas,
// with no key that they do not know. Those of Prometheus' operator are not among
// them; what they hold is checked elsewhere.
func TestKubernetesTakesIt(t *testing.T) {
	dir := tools(t)
	schemas, err := filepath.Glob(filepath.Join(dir, "kubernetes-schemas-*"))
	require.NoError(t, err)
	require.NotEmpty(t, schemas, "run: make chart")
	for _, set := range sets {
		text, err := template(t, "-f", filepath.Join("bystander", "ci", set+"-values.yaml"))
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "kubeconform"), "-strict", "-summary", "-skip", "ServiceMonitor,PrometheusRule",
			"-schema-location", filepath.Join(schemas[len(schemas)-1], "{{ .ResourceKind }}{{ .KindSuffix }}.json"), "-")
		cmd.Stdin = strings.NewReader(text)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", set, out)
		require.Regexp(t, `Invalid: 0, Errors: 0`, string(out))
		require.NotContains(t, string(out), "Valid: 0,")
	}
}

// TestTheProgramTakesItsConfiguration loads every bystander.yml of the chart as
// the program does, with a file for each that it names.
func TestTheProgramTakesItsConfiguration(t *testing.T) {
	named := regexp.MustCompile(`/etc/bystander/[a-zA-Z0-9/_.-]+`)
	for _, set := range sets {
		found := 0
		for _, o := range render(t, set) {
			text, ok := o.at("data", "bystander.yml").(string)
			if !ok {
				continue
			}
			found++
			dir := t.TempDir()
			mounted := mountsOf(render(t, set), fmt.Sprint(o.at("metadata", "name")))
			for _, path := range named.FindAllString(text, -1) {
				assert.Contains(t, mounted, path, "%s %s: nothing is mounted there", set, o.name())
				file := filepath.Join(dir, path)
				require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
				if filepath.Base(path) == "edges" {
					require.NoError(t, os.MkdirAll(file, 0o700))
					continue
				}
				require.NoError(t, os.WriteFile(file, []byte("rtsp://user:password@192.0.2.1/stream\n"), 0o600))
			}
			file := filepath.Join(dir, "bystander.yml")
			require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(text, "/etc/bystander/", dir+"/etc/bystander/")), 0o600))
			_, err := config.Load(file, nil)
			require.NoError(t, err, "%s %s\n%s", set, o.name(), text)
		}
		require.Positive(t, found, set)
	}
}

// mountsOf lists the files and folders that the pods using a ConfigMap mount,
// as far as volumes name their files.
func mountsOf(all []object, configMap string) []string {
	var out []string
	for _, o := range all {
		_, spec := o.podSpec()
		if spec == nil || !strings.Contains(fmt.Sprint(spec["volumes"]), "configMap:map[name:"+configMap+"]") {
			continue
		}
		for _, c := range append(list(spec["initContainers"]), list(spec["containers"])...) {
			for _, m := range list(c["volumeMounts"]) {
				path := fmt.Sprint(m["mountPath"])
				out = append(out, path)
				for _, base := range []string{"ca.crt", "tls.crt", "tls.key", "password"} {
					out = append(out, filepath.Join(path, base))
				}
			}
		}
	}
	return out
}

func list(v any) (out []map[string]any) {
	items, _ := v.([]any)
	for _, i := range items {
		if m, ok := i.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// TestPodsMayDoNothingMore holds each pod to the restricted Pod Security
// Standard, save for what a set asks for by name.
func TestPodsMayDoNothingMore(t *testing.T) {
	for _, set := range sets {
		for _, o := range render(t, set) {
			_, spec := o.podSpec()
			if spec == nil {
				continue
			}
			at := set + " " + o.name()
			security, _ := spec["securityContext"].(map[string]any)
			assert.Equal(t, true, security["runAsNonRoot"], at)
			assert.Equal(t, "map[type:RuntimeDefault]", fmt.Sprint(security["seccompProfile"]), at)
			assert.Equal(t, false, spec["automountServiceAccountToken"], at)
			assert.Equal(t, false, spec["enableServiceLinks"], at)
			containers := append(list(spec["initContainers"]), list(spec["containers"])...)
			require.NotEmpty(t, containers, at)
			for _, c := range containers {
				in := at + " " + fmt.Sprint(c["name"])
				s, _ := c["securityContext"].(map[string]any)
				assert.Equal(t, false, s["allowPrivilegeEscalation"], in)
				assert.Equal(t, true, s["readOnlyRootFilesystem"], in)
				assert.Equal(t, "map[drop:[ALL]]", fmt.Sprint(s["capabilities"]), in)
				limits := object(c).at("resources", "limits", "memory")
				assert.NotNil(t, limits, "%s: no limit of memory", in)
				for _, e := range list(c["env"]) {
					assert.NotContains(t, e, "secretKeyRef", "%s: secrets come as files", in)
				}
			}
			for _, v := range list(spec["volumes"]) {
				if _, ok := v["hostPath"]; ok {
					assert.Equal(t, "gpu", set, "%s: a path of the node", at)
				}
			}
			if spec["hostNetwork"] == true {
				assert.NotEqual(t, "cluster", set, at)
			}
		}
	}
}

// TestEveryPodIsFencedIn finds a policy for both directions for each pod of the
// release; whatever else selects it can only add to what is allowed.
func TestEveryPodIsFencedIn(t *testing.T) {
	for _, set := range sets {
		all := render(t, set)
		for _, o := range all {
			labels, spec := o.podSpec()
			if spec == nil {
				continue
			}
			fenced := false
			for _, p := range all {
				if p["kind"] != "NetworkPolicy" || fmt.Sprint(p.at("spec", "policyTypes")) != "[Ingress Egress]" {
					continue
				}
				want, _ := p.at("spec", "podSelector", "matchLabels").(map[string]any)
				match := true
				for k, v := range want {
					match = match && labels[k] == v
				}
				fenced = fenced || match
			}
			assert.True(t, fenced, "%s %s: no policy", set, o.name())
		}
	}
}

// TestGPUsAreAskedFor finds the limit by which the scheduler places an edge.
func TestGPUsAreAskedFor(t *testing.T) {
	found := 0
	for _, o := range render(t, "gpu") {
		_, spec := o.podSpec()
		if spec == nil || !strings.Contains(o.name(), "-edge-") || o["kind"] == "Pod" {
			continue
		}
		found++
		c := list(spec["containers"])[0]
		assert.EqualValues(t, 1, object(c).at("resources", "limits", "nvidia.com/gpu"), o.name())
		assert.Contains(t, c["image"], "-cuda")
		assert.Contains(t, fmt.Sprint(spec["tolerations"]), "nvidia.com/gpu")
	}
	assert.Equal(t, 2, found)
}

// volumesAt are the volumes that a container mounts at a path or above it.
func volumesAt(c map[string]any, path string) (out []string) {
	for _, m := range list(c["volumeMounts"]) {
		if at := fmt.Sprint(m["mountPath"]); path == at || strings.HasPrefix(path, at+"/") {
			out = append(out, fmt.Sprint(m["name"]))
		}
	}
	return out
}

// TestEdgesJoin: an edge trades its invitation, which only the first container
// sees, for a certificate that lies in a volume which outlives the pod; the
// program finds it where its configuration says.
func TestEdgesJoin(t *testing.T) {
	joined := map[string]int{"machine": 0, "cluster": 2, "gpu": 2}
	for _, set := range sets {
		found := 0
		for _, o := range render(t, set) {
			_, spec := o.podSpec()
			if !strings.Contains(fmt.Sprint(spec["initContainers"]), "--invitation=") {
				continue
			}
			found++
			at := set + " " + o.name()
			init, main := list(spec["initContainers"]), list(spec["containers"])
			require.Len(t, init, 1, "%s: an edge has no key that opens templates", at)
			require.Contains(t, fmt.Sprint(init[0]["args"]), "--dir=/var/lib/bystander/keys/peer", at)
			assert.Equal(t, []string{"data"}, volumesAt(init[0], "/var/lib/bystander/keys/peer"), at)
			assert.Equal(t, []string{"data"}, volumesAt(main[0], "/var/lib/bystander/keys/peer"), at)
			assert.Equal(t, []string{"invitation"}, volumesAt(init[0], "/run/invitation"), at)
			assert.NotContains(t, fmt.Sprint(main), "invitation", "%s: the program has no need of it", at)
			for _, v := range list(spec["volumes"]) {
				_, claim := v["persistentVolumeClaim"]
				_, host := v["hostPath"]
				if v["name"] == "data" {
					assert.True(t, claim || host, "%s: the identity goes with the pod", at)
				}
				if v["name"] == "invitation" {
					assert.Equal(t, true, object(v).at("secret", "optional"), "%s: it may be deleted once it is used", at)
				}
			}
		}
		assert.Equal(t, joined[set], found, set)
	}
}

// TestThePeerLineAlone holds the policies to the way between edges and control:
// its port from the edges alone, PostgreSQL from the control alone.
func TestThePeerLineAlone(t *testing.T) {
	ports := func(rules any) (out []string) {
		for _, r := range list(rules) {
			for _, p := range list(r["ports"]) {
				out = append(out, fmt.Sprint(p["port"]))
			}
		}
		return out
	}
	seen := 0
	for _, o := range render(t, "cluster") {
		if o["kind"] != "NetworkPolicy" {
			continue
		}
		in, out := ports(o.at("spec", "ingress")), ports(o.at("spec", "egress"))
		switch name := fmt.Sprint(o.at("metadata", "name")); name {
		case "venue-bystander-control":
			seen++
			assert.Contains(t, in, "8443")
			assert.Equal(t, []string{"5432"}, out)
			for _, r := range list(o.at("spec", "ingress")) {
				if strings.Contains(fmt.Sprint(r["ports"]), "8443") {
					assert.Contains(t, fmt.Sprint(r["from"]), "values:[edge-hall edge-gate]")
					assert.Contains(t, fmt.Sprint(r["from"]), "10.50.0.0/24")
				}
			}
		case "venue-bystander-edge-hall", "venue-bystander-edge-gate":
			seen++
			assert.Contains(t, out, "8443")
			assert.NotContains(t, in, "8443")
			live := []string{"8189", "8189"} // UDP, TCP
			if strings.HasSuffix(name, "gate") {
				live = []string{"1024"} // and all above, as it names none
			}
			assert.Equal(t, append([]string{"8080"}, live...), in, "for the chart's test, and for live pictures: an edge has no pages")
			assert.NotContains(t, fmt.Sprint(o.at("spec", "ingress")), "ingress-nginx")
		default:
			assert.NotContains(t, in, "8443", name)
			assert.NotContains(t, out, "5432", name)
		}
	}
	assert.Equal(t, 3, seen)
	for _, o := range render(t, "gpu") {
		if strings.HasSuffix(o.name(), "-edge-shared") && o["kind"] == "NetworkPolicy" {
			assert.Contains(t, fmt.Sprint(o.at("spec", "egress")), "10.40.1.0/24")
		}
	}
}

// TestReplicasShareWhatTheyMust: each has a volume and a name on the log, and
// takes the keys that the others have before it starts.
func TestReplicasShareWhatTheyMust(t *testing.T) {
	for _, o := range render(t, "cluster") {
		if o["kind"] != "StatefulSet" {
			continue
		}
		_, spec := o.podSpec()
		assert.EqualValues(t, 2, o.at("spec", "replicas"))
		assert.Equal(t, "OrderedReady", o.at("spec", "podManagementPolicy"), "one makes the tables while the others wait")
		require.Len(t, list(o.at("spec", "volumeClaimTemplates")), 1)
		require.Contains(t, fmt.Sprint(spec["initContainers"]), "[control keys take /secret/keys]")
		for _, c := range list(spec["containers"]) {
			require.Contains(t, fmt.Sprint(c["env"]), "name:BYSTANDER_EVENTS_EDGE valueFrom:map[fieldRef:map[fieldPath:metadata.name]]")
		}
		return
	}
	t.Fatal("there is no StatefulSet")
}

// TestWhatIsRefused: a wrong key, a password in the values, an edge without a
// place, a door without TLS.
func TestWhatIsRefused(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"writter.enabled=true", "writter"},
		{"edges[0].name=a,edges[0].cameras[0].id=x,edges[0].cameras[0].url=rtsp://u:p@h/1", "url"},
		{"edges[0].name=a,edges[0].kind=DaemonSet", "nodeSelector"},
		{"edges[0].name=a,edges[0].kind=StatefulSet", "kind"},
		{"edges[0].name=a,edges[0].join.site=x", "secret"},
		{"edges[0].name=a,edges[0].join.site=x,edges[0].join.secret=s", "peers.enabled"},
		{"edges[0].name=a,edges[0].join.site=x,edges[0].join.secret=s,edges[0].policy.site=x,edges[0].policy.publicKey=k", "edges"},
		{"peers.control=http://control.example", "control"},
		{"edges[0].name=a,edges[0].live.hostPort=true", "port"},
		{"edges[0].name=a,edges[0].live.port=443", "port"},
		{"edges[0].name=a,edges[0].live.port=8189,edges[0].live.public[0]=edge.example", "public"},
		{"edges[0].name=a,edges[0].hostNetwork=true,edges[0].live.port=8189,edges[0].live.hostPort=true", "hostPort"},
		{"postgres.url=postgres://u:secret@h/d", "url"},
		{"kafka.sasl.mechanism=PLAIN", "mechanism"},
		{"ingress.enabled=true,ingress.hosts[0]=a.example", "ingress.tlsSecret"},
		{"writer.enabled=true", "writer.edgeKeys"},
		{"backup.enabled=true,backup.recipient=AGE-SECRET-KEY-1XX", "recipient"},
		{"control.replicas=2", "postgres.url"},
		{"control.replicas=2,postgres.url=postgres://u@h/d", "control.keys.existingSecret"},
		{"control.replicas=2,postgres.url=postgres://u@h/d,control.keys.existingSecret=k", "masterKey.existingSecret"},
		{"control.replicas=0", "replicas"},
	} {
		_, err := template(t, "--set", c.set)
		require.ErrorContains(t, err, c.want, c.set)
	}
}

// TestTheReleasedChartIsThisOne packages the chart as "make release" does, twice, and
// renders it: the same bytes, and what the folder gives with the release's version.
//
// proves: A-56
func TestTheReleasedChartIsThisOne(t *testing.T) {
	at, first, second := time.Unix(1_700_000_000, 0), t.TempDir(), t.TempDir()
	binary := filepath.Join(tools(t), "helm")
	name, err := release.PackChart(t.Context(), binary, "bystander", first, "2de202e", at)
	require.NoError(t, err)
	require.Regexp(t, `^bystander-\d+\.\d+\.\d+\+2de202e\.tgz$`, name)
	_, err = release.PackChart(t.Context(), binary, "bystander", second, "2de202e", at)
	require.NoError(t, err)
	a, err := os.ReadFile(filepath.Join(first, name))
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(second, name))
	require.NoError(t, err)
	require.Equal(t, a, b)

	values := []string{"--namespace", "cameras", "--kube-version", kubeVersion, "--values", filepath.Join("bystander", "ci", "machine-values.yaml"), "--set", "image.digest="}
	packed, err := helm(t, append([]string{"template", "venue", filepath.Join(first, name)}, values...)...)
	require.NoError(t, err)
	folder, err := template(t, values[4:]...)
	require.NoError(t, err)
	require.Regexp(t, `image: "?[a-z./]+:2de202e"?\n`, packed, "images of the release")
	about, err := os.ReadFile(filepath.Join("bystander", "Chart.yaml"))
	require.NoError(t, err)
	own := regexp.MustCompile(`(?m)^version: (.*)$`).FindSubmatch(about)[1]
	folder = strings.NewReplacer("bystander-"+string(own), "bystander-"+string(own)+"_2de202e").Replace(folder)
	folder = regexp.MustCompile(`(image: .*:|/version: ")dev"`).ReplaceAllString(folder, `${1}2de202e"`)
	require.Equal(t, strings.Split(folder, "\n"), strings.Split(packed, "\n"))

	_, err = release.PackChart(t.Context(), binary, first, second, "2de202e", at)
	require.ErrorIs(t, err, release.ErrChart, "there is no chart")
}

// TestAlertsAreTheSame compares the chart's rules with those that are tested.
func TestAlertsAreTheSame(t *testing.T) {
	a, err := os.ReadFile("bystander/files/alerts.yml")
	require.NoError(t, err)
	b, err := os.ReadFile("../deploy/prometheus/alerts.yml")
	require.NoError(t, err)
	require.Equal(t, string(b), string(a), "run: cp deploy/prometheus/alerts.yml charts/bystander/files/alerts.yml")
}
