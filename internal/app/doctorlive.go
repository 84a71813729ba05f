package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	ingestworker "bystander/ingest/worker"
	"bystander/internal/backup"
	"bystander/internal/config"
	"bystander/internal/doctor"
	"bystander/internal/pki"
	"bystander/match/vault"
	"bystander/policy"
	"bystander/policy/sitestore"
	"bystander/sink/clickhouse"
)

// doctorPatience is how long the doctor waits for another program's answer.
const doctorPatience = 5 * time.Second

// checkRunning asks the running program, if there is one, what it thinks of
// itself.
func checkRunning(ctx context.Context, cfg config.Config) ([]doctor.Finding, bool) {
	host, port, err := net.SplitHostPort(cfg.Server.Listen)
	if err != nil {
		return nil, false
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	client := &http.Client{Timeout: doctorPatience}
	return doctor.Live(ctx, client, "http://"+net.JoinHostPort(host, port))
}

// checkInstallation looks at what lies on this machine: keys, certificates,
// stores, backups, and what the kernel is set to.
func checkInstallation(ctx context.Context, cfg config.Config) []doctor.Finding {
	now := time.Now()
	all := []doctor.Finding{
		{Name: "versions", Level: doctor.Fine, Text: fmt.Sprintf("bystander %s, built with %s", Version, runtime.Version())},
		doctor.Swap("/proc"),
	}
	var limit unix.Rlimit
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err = errors.Join(err, unix.Getrlimit(unix.RLIMIT_CORE, &limit)); err != nil {
		all = append(all, doctor.Finding{Name: "core dumps", Level: doctor.Warn, Text: err.Error(), Why: "it is not known whether a crash is written", Fix: "ulimit -c 0"})
	} else {
		all = append(all, doctor.Dumps("/proc", limit.Cur, dumpable)...)
	}
	held, err := ingestworker.Available()
	if err != nil {
		all = append(all, doctor.Finding{Name: "confinement", Level: doctor.Warn, Text: err.Error(), Why: "cameras' workers may not be confined", Fix: "allow landlock_* in the seccomp profile around this program"})
	} else {
		all = append(all, doctor.Confinement(held.Landlock, held.Seccomp))
	}
	all = append(all, doctor.Keys(cfg.Keys, ownerOf(cfg.Data), now)...)
	all = append(all, doctor.MasterKey(os.Getenv(vault.EnvMasterKey), filepath.Join(cfg.Keys, vault.MasterKeyName)))
	all = append(all, doctor.Certificates(now, certificatesOf(cfg)...)...)
	all = append(all, doctor.Folder("spool", filepath.Join(cfg.Data, "spool"), int64(cfg.Events.SpoolMax),
		"see which consumer does not take events (/healthz), or raise events.spool_max_bytes"))
	if cfg.Record.Enabled {
		// Being full is how a recorder lives: the oldest goes.
		all = append(all, doctor.Folder("recordings", filepath.Join(cfg.Data, "recordings"), 0, ""))
	}
	runs := backup.LastRuns(cfg.Data)
	for _, kind := range []backup.Kind{backup.KindData, backup.KindKeys} {
		all = append(all, doctor.Backup(string(kind), runs[kind].At, now, exists(filepath.Join(cfg.Data, "spool"))))
	}
	all = append(all, checkRuntime(cfg)...)
	all = append(all, checkRemote(ctx, cfg)...)
	return append(all, checkDue(ctx, cfg, now)...)
}

// ownerOf is who the program runs as: the owner of its data, which this check may
// not be, or who asks where there are none yet.
func ownerOf(dir string) uint32 {
	if info, err := os.Stat(dir); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			return st.Uid
		}
	}
	return uint32(os.Geteuid()) //nolint:gosec // never negative on Linux
}

// certificatesOf are the files with certificates that this installation shows or
// goes by.
func certificatesOf(cfg config.Config) []string {
	var out []string
	for _, f := range []string{
		cfg.Events.Kafka.TLS.Cert, cfg.Events.Kafka.TLS.CA, cfg.Events.ClickHouse.TLS.Cert, cfg.Events.ClickHouse.TLS.CA,
	} {
		if f != "" {
			out = append(out, f)
		}
	}
	if cfg.Peers.Dir != "" {
		out = append(out, filepath.Join(cfg.Peers.Dir, pki.IdentityFile))
	}
	return out
}

// checkDue tells when zones have to be inspected again.
func checkDue(ctx context.Context, cfg config.Config, now time.Time) []doctor.Finding {
	var site *policy.Site
	var err error
	switch {
	case cfg.Policy.Follows():
		return nil // the control's to say
	case cfg.Site != "":
		site, err = policy.LoadSite(cfg.Site)
	case cfg.Store.Shared() || exists(siteDB(cfg)):
		err = withSite(ctx, cfg, func(s *sitestore.Store) (err error) {
			site, err = s.Compile(ctx)
			return err
		})
	}
	if err != nil || site == nil {
		return nil // told by the site's own check
	}
	var out []doctor.Finding
	for _, z := range site.Zones {
		if z.Kind != policy.ZoneRecognition {
			continue
		}
		if f, ok := doctor.Due(z.ID, z.Inspection.ValidUntil, now); ok {
			out = append(out, f)
		}
	}
	return out
}

// checkStore asks ClickHouse for its version, its schema and its clock, and looks
// whether Kafka's brokers can be reached.
func checkStore(ctx context.Context, cfg config.Config) []finding {
	ctx, cancel := context.WithTimeout(ctx, 3*doctorPatience)
	defer cancel()
	var out []finding
	for _, b := range cfg.Events.Kafka.Brokers {
		c, err := (&net.Dialer{Timeout: doctorPatience}).DialContext(ctx, "tcp", b)
		if err != nil {
			out = append(out, finding{"store", bad, fmt.Sprintf("kafka: %s: %v", b, err), "start the broker, or set events.kafka.brokers; events wait on the disk meanwhile"})
			continue
		}
		_ = c.Close()
		out = append(out, finding{"store", fine, "kafka: " + b + " listens", ""})
	}
	if len(cfg.Events.ClickHouse.Addrs) == 0 {
		return out
	}
	conn, v, err := dialClickHouse(cfg)
	if err != nil {
		return append(out, finding{"store", bad, err.Error(), "mend the keys named"})
	}
	defer conn.Close() //nolint:errcheck // only asked
	var version string
	var there time.Time
	asked := time.Now()
	if err := conn.QueryRow(ctx, `SELECT version(), now64(3, 'UTC')`).Scan(&version, &there); err != nil {
		return append(out, finding{"store", bad, "clickhouse: " + err.Error(), "start the server, or set events.clickhouse"})
	}
	skew := doctor.Skew("clickhouse", there, asked, time.Now())
	out = append(out, finding{"versions", fine, "clickhouse " + version, ""},
		finding{"clock", level(skew.Level), "clickhouse: " + skew.Text, skew.Fix})
	switch err := clickhouse.Current(ctx, conn, v); {
	case errors.Is(err, clickhouse.ErrNewer):
		out = append(out, finding{"versions", bad, err.Error(), "run the later program"})
	case err != nil:
		out = append(out, finding{"versions", bad, err.Error(), "run: bystander clickhouse migrate"})
	default:
		out = append(out, finding{"versions", fine, "clickhouse's schema is this program's", ""})
	}
	return out
}
