package kafkax

import (
	"context"
	"crypto/tls"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// fetchKey is the number of the Fetch request in Kafka's protocol.
const fetchKey = 1

// releases are Kafka's releases by the newest form of Fetch that they know, the
// newest first: a broker tells its requests' forms, not its release.
var releases = []struct {
	fetch int
	name  string
}{{17, "3.9"}, {16, "3.7"}, {15, "3.5"}, {13, "3.1"}, {12, "2.7"}, {11, "2.3"}, {10, "2.1"}}

// Release is the release of Kafka that the cluster has at least, such as "3.9", as
// far as its protocol tells; recent is false where it is one before 3.1, with
// which nothing is tested. It fails like Ping.
func (c *Client) Release(ctx context.Context) (name string, recent bool, err error) {
	res, err := c.kc.ApiVersions(ctx, &kafka.ApiVersionsRequest{})
	if err := c.explain("ask the cluster for its version", err); err != nil {
		return "", false, err
	}
	for _, k := range res.ApiKeys {
		if k.ApiKey != fetchKey {
			continue
		}
		for _, r := range releases {
			if k.MaxVersion >= r.fetch {
				return r.name, k.MaxVersion >= 13, nil
			}
		}
		return "earlier than " + releases[len(releases)-1].name, false, nil
	}
	return "", false, fmt.Errorf("%w: the cluster does not say which requests it takes", ErrUnavailable)
}

// TLSConfig is how connections to the brokers are kept private, nil where they are
// not; for whoever looks at their certificates. It fails with ErrConfig.
func (c Config) TLSConfig() (*tls.Config, error) { return c.tlsConfig() }
