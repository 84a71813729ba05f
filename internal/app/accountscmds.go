package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"bystander/api/actor"
	"bystander/api/users/accounts"
	"bystander/internal/config"
)

// UserOptions say whose account is made at the command line.
type UserOptions struct {
	ID, Name string
	Roles    []string
	// Password, when given, is read as one line, and the account can sign in at
	// once; without it the account waits behind a one-time link.
	Password io.Reader
	Stdout   io.Writer
}

// withUsers runs f on the installation's accounts. A running program takes up
// what changed with the next request, and puts it on the log; one that is stopped
// does when it starts.
func withUsers(ctx context.Context, cfg config.Config, f func(*accounts.Store) error) error {
	s, err := openUsers(ctx, cfg)
	if err != nil {
		return err
	}
	err = errors.Join(f(s.Noting(osUser())), s.Close())
	if errors.Is(err, accounts.ErrInvalid) || errors.Is(err, accounts.ErrWeak) || errors.Is(err, accounts.ErrExists) {
		err = fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return err
}

// UserAdd makes an account.
func UserAdd(ctx context.Context, cfg config.Config, o UserOptions) error {
	n := accounts.NewAccount{ID: o.ID, Name: o.Name}
	if n.Name == "" {
		n.Name = o.ID
	}
	for _, r := range o.Roles {
		n.Roles = append(n.Roles, actor.Role(r))
	}
	password, err := readLine(o.Password)
	if err != nil {
		return err
	}
	if password != "" {
		if err := accounts.CheckStrength(password, n.ID); err != nil {
			return fmt.Errorf("%w: %w", ErrUsage, err)
		}
		n.State = accounts.Active
	}
	return withUsers(ctx, cfg, func(s *accounts.Store) error {
		a, err := s.Add(ctx, n)
		if err != nil {
			return err
		}
		for _, c := range accounts.Clashes(a.Roles) {
			fmt.Fprintf(o.Stdout, "beware: %s and %s: %s\n", c.Roles[0], c.Roles[1], c.Text)
		}
		if password == "" {
			return tellLink(ctx, s, cfg, a.ID, accounts.LinkInvite, o.Stdout)
		}
		if err := s.SetPassword(ctx, a.ID, password, ""); err != nil {
			return err
		}
		_, err = fmt.Fprintf(o.Stdout, "%s can sign in\n", a.ID)
		return err
	})
}

// maxLine bounds a password that is read.
const maxLine = 1024

func readLine(r io.Reader) (string, error) {
	if r == nil {
		return "", nil
	}
	b, err := io.ReadAll(io.LimitReader(r, maxLine))
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fmt.Errorf("%w: no password was given on standard input", ErrUsage)
	}
	return line, nil
}

func tellLink(ctx context.Context, s *accounts.Store, cfg config.Config, id string, kind accounts.LinkKind, out io.Writer) error {
	token, err := s.NewInvitation(ctx, id, kind)
	if err != nil {
		return err
	}
	scheme, host := "http", cfg.Server.Listen
	if cfg.Server.HTTPS {
		scheme = "https"
		if len(cfg.Server.Hosts) > 0 {
			host = cfg.Server.Hosts[0]
		}
	}
	_, err = fmt.Fprintf(out, "Give %s this link. It opens once, until %s:\n\n  %s://%s/setup#%s\n\n", id,
		time.Now().Add(accounts.InviteTerm).Format(time.DateTime), scheme, host, token)
	return err
}

// UserList prints the accounts.
func UserList(ctx context.Context, cfg config.Config, out io.Writer) error {
	return withUsers(ctx, cfg, func(s *accounts.Store) error {
		list, err := s.List(ctx)
		if err != nil {
			return err
		}
		for _, a := range list {
			factor := "no second factor"
			if a.FactorEnrolled() {
				factor = "second factor"
			}
			if _, err := fmt.Fprintf(out, "%-24s %-9s %-40s %s\n", a.ID, a.State, actor.Names(a.Roles), factor); err != nil {
				return err
			}
		}
		return nil
	})
}

// UserDisable ends an account for good, and its sessions with the next request.
func UserDisable(ctx context.Context, cfg config.Config, id string, out io.Writer) error {
	return withUsers(ctx, cfg, func(s *accounts.Store) error {
		if err := s.Disable(ctx, id); err != nil {
			return notThere(err, id)
		}
		_, err := fmt.Fprintf(out, "disabled: %s\n", id)
		return err
	})
}

// UserReset removes an account's password and second factor, and prints a link to
// set new ones.
func UserReset(ctx context.Context, cfg config.Config, id string, out io.Writer) error {
	return withUsers(ctx, cfg, func(s *accounts.Store) error {
		a, err := s.Get(ctx, id)
		if err != nil {
			return notThere(err, id)
		}
		if a.Issuer != "" {
			return fmt.Errorf("%s signs in with its identity provider; reset it there", id)
		}
		if err := s.Reset(ctx, id); err != nil {
			return notThere(err, id)
		}
		return tellLink(ctx, s, cfg, id, accounts.LinkReset, out)
	})
}

func notThere(err error, id string) error {
	if errors.Is(err, accounts.ErrNone) {
		return fmt.Errorf("%w: %s; bystander user list shows them, and a disabled one stays so", err, id)
	}
	return err
}
