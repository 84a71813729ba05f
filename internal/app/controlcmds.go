package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"bystander/api/actor"
	"bystander/api/actor/tokens"
	"bystander/internal/config"
	"bystander/policy"
	"bystander/policy/sitestore"
)

// EnvToken names the variable that holds a person's token at the command line.
const EnvToken = "BYSTANDER_TOKEN"

func openAccounts(ctx context.Context, cfg config.Config) (*tokens.Store, error) {
	return tokens.Open(ctx, controlPlace(cfg, storeTokens), tokens.Options{})
}

// TokenOptions say whom a token is for.
type TokenOptions struct {
	ID       string
	Roles    []string
	Enrollee string // with the role subject: the person themselves
	Expires  string // a time span, as 90d or 12h
	// MayExport lets the token's program do what people need a second factor for.
	MayExport bool
	Stdout    io.Writer
}

// TokenAdd makes a token for an account and prints it, once.
func TokenAdd(ctx context.Context, cfg config.Config, o TokenOptions) error {
	term, err := parseTerm(o.Expires)
	if err != nil {
		return fmt.Errorf("%w: --expires: %w", ErrUsage, err)
	}
	a := tokens.Account{ID: o.ID, Enrollee: o.Enrollee, MayExport: o.MayExport}
	for _, r := range o.Roles {
		a.Roles = append(a.Roles, actor.Role(r))
	}
	s, err := openAccounts(ctx, cfg)
	if err != nil {
		return err
	}
	token, err := s.Noting(osUser()).Add(ctx, a, term)
	if err = errors.Join(err, s.Close()); err != nil {
		if errors.Is(err, tokens.ErrAccount) {
			err = fmt.Errorf("%w: %w", ErrUsage, err)
		}
		return err
	}
	_, err = fmt.Fprintf(o.Stdout, "%s\nThis is shown once. It ends on %s; end it before with: bystander token revoke %s\n",
		token, time.Now().Add(term).Format(time.DateOnly), a.ID)
	return err
}

// TokenList prints the accounts.
func TokenList(ctx context.Context, cfg config.Config, out io.Writer) error {
	s, err := openAccounts(ctx, cfg)
	if err != nil {
		return err
	}
	list, err := s.List(ctx)
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	for _, a := range list {
		state := "until " + a.Expires.Format(time.DateOnly)
		switch {
		case !a.Revoked.IsZero():
			state = "revoked " + a.Revoked.Format(time.DateOnly)
		case !time.Now().Before(a.Expires):
			state = "expired " + a.Expires.Format(time.DateOnly)
		}
		if a.MayExport {
			state += ", may export"
		}
		roles := make([]string, len(a.Roles))
		for i, r := range a.Roles {
			roles[i] = string(r)
		}
		if _, err := fmt.Fprintf(out, "%-20s %-40s %s\n", a.ID, strings.Join(roles, ","), state); err != nil {
			return err
		}
	}
	return nil
}

// TokenRevoke ends an account's tokens, with the very next request.
func TokenRevoke(ctx context.Context, cfg config.Config, id string, out io.Writer) error {
	s, err := openAccounts(ctx, cfg)
	if err != nil {
		return err
	}
	if err := errors.Join(s.Noting(osUser()).Revoke(ctx, id), s.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "revoked: %s\n", id)
	return err
}

// withSite runs f on the installation's site store. Its events go to the log of
// a running program when that takes the change up; here there is no log.
func withSite(ctx context.Context, cfg config.Config, f func(*sitestore.Store) error) error {
	s, err := sitestore.Open(ctx, siteDB(cfg), sitestore.Options{LogRetention: cfg.Events.MaxAge})
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.Close())
}

// Halt masks everybody on every stream within seconds. Whoever reaches the
// installation's files may: stopping is easy.
func Halt(ctx context.Context, cfg config.Config, reason string, out io.Writer) error {
	return withSite(ctx, cfg, func(s *sitestore.Store) error {
		if _, err := s.Halt(ctx, sitestore.By{Actor: osUser(), Reason: reason}); err != nil {
			return usage(err)
		}
		_, err := fmt.Fprintln(out, "halted: everybody is masked on every stream within seconds; two people end it with: bystander resume")
		return err
	})
}

// Resume asks to end a halt, as the person whose token the environment holds. A
// second person must do the same.
func Resume(ctx context.Context, cfg config.Config, reason string, out io.Writer) error {
	who, err := tokenHolder(ctx, cfg)
	if err != nil {
		return err
	}
	if !who.Has(actor.PrivacyOfficer, actor.Administrator) {
		return fmt.Errorf("%s is neither privacy_officer nor administrator and cannot resume", who.ID)
	}
	return withSite(ctx, cfg, func(s *sitestore.Store) error {
		v, err := s.Resume(ctx, sitestore.By{Actor: who.ID, Reason: reason})
		if err != nil {
			return usage(err)
		}
		if v.On {
			_, err = fmt.Fprintf(out, "asked by %s; everybody stays masked until a second person asks, too\n", who.ID)
		} else {
			_, err = fmt.Fprintln(out, "resumed: what is lawful is shown again")
		}
		return err
	})
}

func tokenHolder(ctx context.Context, cfg config.Config) (actor.Actor, error) {
	token := os.Getenv(EnvToken)
	if token == "" {
		return actor.Actor{}, fmt.Errorf("%w: set %s to your own token: two different people have to resume", ErrUsage, EnvToken)
	}
	s, err := openAccounts(ctx, cfg)
	if err != nil {
		return actor.Actor{}, err
	}
	who, err := s.Actor(ctx, token)
	return who, errors.Join(err, s.Close())
}

// osUser is who runs the program, as the log names them.
func osUser() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return "local:" + u.Username
	}
	return "local"
}

func usage(err error) error {
	if errors.Is(err, sitestore.ErrInvalid) {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return err
}

// SiteImport takes over a site file as the living site. Nothing comes live:
// zones come suspended and scenes paused, until somebody approves them.
func SiteImport(ctx context.Context, cfg config.Config, file, reason string, out io.Writer) error {
	site, err := policy.LoadSite(file)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return withSite(ctx, cfg, func(s *sitestore.Store) error {
		if err := s.Import(ctx, sitestore.By{Actor: osUser(), Reason: reason}, site, sitestore.ForApproval); err != nil {
			return usage(err)
		}
		_, err := fmt.Fprintf(out, "imported %s: %d cameras, %d scenes, %d zones. Live zones came suspended and enabled scenes paused; approve them through the interface.\n",
			site.Site, len(site.Cameras), len(site.Scenes), len(site.Zones))
		if err == nil && cfg.Site != "" {
			_, err = fmt.Fprintf(out, "The configuration still names %s, which manages the site: remove site: from it to use the living site.\n", cfg.Site)
		}
		return err
	})
}

// SiteExport writes the living site as a site file.
func SiteExport(ctx context.Context, cfg config.Config, out io.Writer) error {
	return withSite(ctx, cfg, func(s *sitestore.Store) error {
		site, err := s.Compile(ctx)
		if err != nil {
			return err
		}
		b, err := site.YAML()
		if err != nil {
			return err
		}
		_, err = out.Write(b)
		return err
	})
}

// SiteShow prints how the site stands: each zone with what keeps it closed.
func SiteShow(ctx context.Context, cfg config.Config, out io.Writer) error {
	return withSite(ctx, cfg, func(s *sitestore.Store) error {
		site, err := s.Compile(ctx)
		managed := "through the interface"
		if cfg.Site != "" {
			site, err = policy.LoadSite(cfg.Site)
			managed = "by " + cfg.Site
		}
		if err != nil {
			return err
		}
		halt, err := s.Halted(ctx)
		if err != nil {
			return err
		}
		return showSite(site, managed, halt, time.Now(), out)
	})
}

func showSite(site *policy.Site, managed string, halt sitestore.Switch, now time.Time, out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "site %s (%s), profile %s, managed %s\n", site.Site, site.Controller.Name, site.Profile, managed)
	if halt.On {
		fmt.Fprintf(&b, "HALTED by %s: %s\n", halt.By, halt.Why)
	}
	line := func(kind, id, state string, why []policy.Reason) {
		fmt.Fprintf(&b, "  %-6s %-24s %s\n", kind, id, state)
		for _, r := range why {
			fmt.Fprintf(&b, "         %s: %s\n", r, r.Text)
		}
	}
	for _, sc := range site.Scenes {
		line("scene", sc.ID, string(sc.State), site.SceneReadiness(sc, now).Reasons)
	}
	for _, z := range site.Zones {
		var why []policy.Reason
		if z.Kind == policy.ZoneRecognition {
			why = site.ZoneReadiness(z, now).Reasons
		}
		line("zone", z.ID, string(z.Kind)+", "+string(z.State), why)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// parseTerm reads a time span that may be given in whole days, as 90d.
func parseTerm(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 366 {
			return 0, fmt.Errorf("%q is not a number of days from 1 to 366", s)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not a time span such as 90d or 12h", s)
	}
	return d, nil
}
