package kafkax

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/segmentio/kafka-go"
)

// The errors that callers tell apart.
var (
	// ErrConfig reports settings that cannot work; the text names the key.
	ErrConfig = errors.New("kafka: wrong configuration")
	// ErrAuth reports credentials or certificates that one side refuses.
	ErrAuth = errors.New("kafka: not let in")
	// ErrDenied reports an action that the broker's rules forbid this user.
	ErrDenied = errors.New("kafka: not allowed")
	// ErrNoTopic reports a topic that does not exist; it is never made in passing.
	ErrNoTopic = errors.New("kafka: topic does not exist")
	// ErrTooLarge reports a record that the broker refuses for its size.
	ErrTooLarge = errors.New("kafka: record is too large")
	// ErrRecord reports a record that the broker refuses for its content.
	ErrRecord = errors.New("kafka: record is refused")
	// ErrDrift reports a topic whose settings differ from those demanded and
	// cannot be changed in place.
	ErrDrift = errors.New("kafka: topic is not as demanded")
	// ErrUnavailable reports a cluster that cannot be reached or does not answer.
	ErrUnavailable = errors.New("kafka: not available")
)

// Permanent reports whether sending the same record again can never succeed, so
// that it has to be put aside. Everything else, a wrong password included, is a
// state that a person or time can mend, and is waited for.
func Permanent(err error) bool {
	return errors.Is(err, ErrTooLarge) || errors.Is(err, ErrRecord)
}

// explain gives an error its place among the above and says which key to look
// at. The library's error stays in the chain.
func (c *Client) explain(what string, err error) error {
	if err == nil {
		return nil
	}
	wrap := func(kind error, hint string) error {
		if hint != "" {
			hint = " (" + hint + ")"
		}
		return fmt.Errorf("%w: %s: %w%s", kind, what, err, hint)
	}
	key := func(name string) string { return c.cfg.path() + "." + name }
	var unknownCA x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.Is(err, ErrConfig), errors.Is(err, ErrAuth):
		return err
	case errors.Is(err, kafka.SASLAuthenticationFailed), errors.Is(err, kafka.IllegalSASLState):
		return wrap(ErrAuth, "see "+key("sasl.user")+" and "+key("sasl.password_file"))
	case errors.Is(err, kafka.UnsupportedSASLMechanism):
		return wrap(ErrAuth, "the broker does not offer "+c.cfg.SASL.Mechanism+"; see "+key("sasl.mechanism"))
	case errors.As(err, &unknownCA):
		return wrap(ErrAuth, "the broker's certificate is not from "+key("tls.ca"))
	case errors.As(err, &host):
		return wrap(ErrAuth, "the broker's certificate is for another name; see "+key("brokers")+" and "+key("tls.server_name"))
	case errors.As(err, &invalid):
		return wrap(ErrAuth, "the broker's certificate is not valid; see its dates")
	case isAlert(err):
		return wrap(ErrAuth, "the broker refused this side's certificate; see "+key("tls.cert")+" and "+key("tls.key"))
	case errors.Is(err, kafka.TopicAuthorizationFailed), errors.Is(err, kafka.GroupAuthorizationFailed), errors.Is(err, kafka.ClusterAuthorizationFailed):
		return wrap(ErrDenied, "give the user "+c.cfg.SASL.User+" the right in the broker's access rules; docs/events.md lists them")
	case errors.Is(err, kafka.UnknownTopicOrPartition):
		return wrap(ErrNoTopic, "make the topics first; see "+key("topic_prefix"))
	case errors.Is(err, kafka.MessageSizeTooLarge), errors.Is(err, kafka.RecordListTooLarge):
		return wrap(ErrTooLarge, "max.message.bytes of the topic")
	case errors.Is(err, kafka.InvalidRecord), errors.Is(err, kafka.InvalidMessage), errors.Is(err, kafka.InvalidTimestamp):
		return wrap(ErrRecord, "")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isNet(err):
		return wrap(ErrUnavailable, c.eofHint(key))
	case errors.Is(err, context.DeadlineExceeded):
		return wrap(ErrUnavailable, "no answer in time; see "+key("brokers"))
	}
	return wrap(ErrUnavailable, "")
}

// isAlert tells a TLS alert that the broker sent; crypto/tls has no type for it.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

func isNet(err error) bool {
	var answer kafka.Error // a broker's answer, which looks like a net.Error
	var n net.Error
	return !errors.As(err, &answer) && errors.As(err, &n)
}

// eofHint tells what a connection that is simply closed mostly means.
func (c *Client) eofHint(key func(string) string) string {
	if !c.cfg.TLS.on() {
		return "see " + key("brokers") + "; a broker that wants TLS hangs up like this, see " + key("tls.ca")
	}
	return "see " + key("brokers")
}
