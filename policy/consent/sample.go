package consent

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"bystander/internal/event"
	"bystander/internal/strictyaml"
	"bystander/policy"
)

// Who wrote and approved the notice of a made-up site: nobody.
const (
	sampleAuthor   = "sample author"
	sampleApprover = "sample counsel"
)

// sampleText is the template of a language with its gaps filled by what holds
// at no real place.
func sampleText(language string) (Text, error) {
	t, err := Template(language)
	if err != nil {
		return Text{}, err
	}
	const name = "texts/sample.yml"
	b, err := shipped.ReadFile(name)
	if err != nil {
		return Text{}, fmt.Errorf("consent: sample: %w", err)
	}
	var all map[string]map[string]string
	if err := strictyaml.Decode(name, b, &all); err != nil {
		return Text{}, fmt.Errorf("consent: sample: %w", err)
	}
	var pairs []string
	for gap, filled := range all[language] {
		pairs = append(pairs, gap, filled)
	}
	fill := strings.NewReplacer(pairs...)
	for _, f := range []*string{&t.Controller, &t.Contact, &t.Purpose, &t.Retention, &t.Necessity, &t.Rights, &t.Alternative} {
		*f = fill.Replace(*f)
	}
	return t, nil
}

// sampleNotice is the notice of a made-up site for its scenes, and its hash.
func sampleNotice(scenes []string) (noticeBody, event.Digest, error) {
	d := Draft{Version: policy.SampleNotice, Scenes: slices.Sorted(slices.Values(scenes)), Texts: map[string]Text{}}
	for _, language := range Languages() {
		t, err := sampleText(language)
		if err != nil {
			return noticeBody{}, event.Digest{}, err
		}
		d.Texts[language] = t
	}
	if faults := d.Faults(); len(faults) > 0 {
		return noticeBody{}, event.Digest{}, &Refusal{Sort: Malformed, Reasons: faults}
	}
	r, err := Components()
	if err != nil {
		return noticeBody{}, event.Digest{}, err
	}
	b := noticeBody{d, r.Components}
	return b, hashOf("bystander notice v1", b), nil
}

func sampleScenes(site *policy.Site) (scenes []string) {
	for _, sc := range site.Scenes {
		if sc.Notice == policy.SampleNotice {
			scenes = append(scenes, sc.ID)
		}
	}
	return scenes
}

// NameSample gives the notice of a made-up site the hash of the text that
// TakeSample publishes. A site without a scene tells nobody of anything, and is
// left without a notice.
func NameSample(site *policy.Site) error {
	scenes := sampleScenes(site)
	if len(scenes) == 0 {
		site.Notices = nil
		return nil
	}
	_, hash, err := sampleNotice(scenes)
	if err != nil {
		return err
	}
	for i := range site.Notices {
		if site.Notices[i].Version == policy.SampleNotice {
			site.Notices[i].Hash = hash
		}
	}
	return nil
}

// TakeSample puts the notice that a made-up site names into the register, with
// its texts, as published when the site says that it took effect. It leaves alone
// what is there already, and a site whose notice is another (see NameSample).
func (s *Service) TakeSample(ctx context.Context, site *policy.Site) error {
	named, ok := site.Notice(policy.SampleNotice)
	scenes := sampleScenes(site)
	if !site.Sample || !ok || len(scenes) == 0 {
		return nil
	}
	body, hash, err := sampleNotice(scenes)
	if err != nil || hash != named.Hash {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.Notices(ctx)
	if err != nil || slices.ContainsFunc(all, func(n Notice) bool { return n.Version == named.Version }) {
		return err
	}
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("consent: notice: %w", err)
	}
	since := ms(named.EffectiveFrom)
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO notices VALUES (?,?,?,?,?)`, named.Version, 1, string(b), sampleAuthor, since); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO notice_acts VALUES (?,?,?,?,?,?)`, named.Version, 1, "published", sampleApprover, since, since); err != nil {
			return err
		}
		return s.emit(ctx, tx, event.Event{
			Kind: event.KindNoticeChange, NoticeVersion: named.Version, Detail: noticeDetail(body.Draft, "published", named.EffectiveFrom),
		})
	})
}
