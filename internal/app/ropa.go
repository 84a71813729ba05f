package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"bystander/internal/config"
	"bystander/policy"
)

// processing is one entry of the record of processing activities (GDPR 30): one
// scene, as the site says and as the program does.
type processing struct {
	Scene       string    `json:"scene"`
	Controller  string    `json:"controller"`
	Contact     string    `json:"contact"`
	Profile     string    `json:"jurisdiction"`
	Purpose     string    `json:"purpose"`
	Mode        string    `json:"mode"`
	State       string    `json:"state"`
	Subjects    []string  `json:"categories_of_people"`
	Data        []string  `json:"categories_of_data"`
	Recipients  []string  `json:"recipients"`
	Transfers   string    `json:"transfers_to_third_countries"`
	Retention   []string  `json:"retention"`
	Security    []string  `json:"security_measures"`
	Notice      string    `json:"notice"`
	Assessment  string    `json:"impact_assessment"`
	AssessUntil time.Time `json:"assessment_valid_until,omitzero"`
	Zones       []string  `json:"zones"`
	Cameras     []string  `json:"cameras"`
}

// SiteROPA writes the record of processing activities: every scene of the site,
// as JSON.
func SiteROPA(ctx context.Context, cfg config.Config, out io.Writer) error {
	site, err := siteNow(ctx, cfg)
	if err != nil {
		return err
	}
	entries := make([]processing, 0, len(site.Scenes))
	for _, sc := range site.Scenes {
		entries = append(entries, processingOf(cfg, site, sc))
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{"site": site.Site, "made": time.Now().UTC().Format(time.RFC3339), "processing": entries})
}

func processingOf(cfg config.Config, site *policy.Site, sc policy.Scene) processing {
	p := processing{
		Scene: sc.ID, Controller: site.Controller.Name, Contact: site.Controller.Contact, Profile: site.Profile,
		Purpose: string(sc.Purpose), Mode: string(sc.Mode), State: string(sc.State),
		Subjects: []string{
			"people who enrolled for this scene",
			"passers-by: masked; they are counted by the minute, and counts below five are left out",
		},
		Data: []string{
			"facial template, one for each scene, sealed under a key of the person's own",
			"name, in a vault of its own", "consents and receipts", "pseudonymous events of recognition",
			"pictures in which everybody else is masked",
		},
		Recipients: recipients(cfg),
		Transfers:  "none by this program; templates stay on this machine",
		Retention: []string{
			fmt.Sprintf("events: %d days, then numbers and hashes for three years", int(cfg.Events.MaxAge/(24*time.Hour))),
			"templates: until consent ends, and at the latest as the profile says",
			"requests and access log: three years",
		},
		Security: []string{
			"redaction before anything is shown, stored or sent", "signed leases of ten seconds; default deny",
			"signed, linked event log with a Merkle tree", "AES-256-GCM under a key of each person", "recorded reads",
		},
		Notice: sc.Notice, Assessment: sc.Assessment.ID, AssessUntil: sc.Assessment.ValidUntil, Zones: []string{}, Cameras: []string{},
	}
	if cfg.Record.Enabled {
		p.Retention = append(p.Retention, fmt.Sprintf("redacted recordings: %v", cfg.Record.MaxAge))
	}
	seen := map[string]bool{}
	for _, z := range site.Zones {
		if z.Scene != sc.ID {
			continue
		}
		p.Zones = append(p.Zones, z.ID)
		if !seen[z.Camera] {
			seen[z.Camera] = true
			p.Cameras = append(p.Cameras, z.Camera)
		}
	}
	return p
}

func recipients(cfg config.Config) []string {
	out := []string{"the controller's own accounts, by role"}
	if len(cfg.Events.Kafka.Brokers) > 0 {
		out = append(out, "the controller's Kafka: pseudonymous events")
	}
	if len(cfg.Events.ClickHouse.Addrs) > 0 {
		out = append(out, "the controller's ClickHouse: pseudonymous events")
	}
	for _, c := range cfg.Rights.Connectors {
		out = append(out, "connector "+c.ID+": requests of people")
	}
	return out
}
