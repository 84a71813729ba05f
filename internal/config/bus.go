package config

import (
	"regexp"

	"bystander/internal/kafkax"
)

// Topics say how the bus's topics are made where they are missing.
type Topics struct {
	Partitions  int `yaml:"partitions"`  // of the events topic; 0 for 12
	Replication int `yaml:"replication"` // copies; 0 for 3, or as many as there are brokers
}

// ClickHouse is the store past one machine. It is used when addrs is set.
type ClickHouse struct {
	Addrs        []string `yaml:"addrs"` // host:port
	HTTP         bool     `yaml:"http"`  // the HTTP interface instead of native TCP
	Database     string   `yaml:"database"`
	Cluster      string   `yaml:"cluster"` // replicated and sharded tables; empty for one node
	User         string   `yaml:"user"`
	PasswordFile string   `yaml:"password_file"`
	TLS          TLS      `yaml:"tls"`
}

// TLS says how a connection is kept private. It is on when anything is set.
type TLS struct {
	Enabled bool   `yaml:"enabled"`
	CA      string `yaml:"ca"`   // file of PEM certificates; the system's when empty
	Cert    string `yaml:"cert"` // file; with key this side shows a certificate
	Key     string `yaml:"key"`
}

// On reports whether TLS is wanted.
func (t TLS) On() bool { return t.Enabled || t.CA != "" || t.Cert != "" }

// Writer is the role that carries events from the bus into the store.
type Writer struct {
	Group string `yaml:"group"` // writers of one group share the work; bystander-writer
	// Edges is the folder of the edges' public keys, NAME.pub each: whose events
	// are believed.
	Edges  string `yaml:"edges"`
	Listen string `yaml:"listen"` // of /metrics and /healthz; empty for none
}

var databaseName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

func (e Events) checkBus(k *checker) {
	if e.Kafka.Compression != "" {
		k.oneOf("events.kafka.compression", e.Kafka.Compression, "lz4", "zstd", "none")
	}
	if e.Kafka.SASL.Mechanism != "" {
		k.oneOf("events.kafka.sasl.mechanism", e.Kafka.SASL.Mechanism, kafkax.ScramSHA256, kafkax.ScramSHA512)
	}
	checkRange(k, "events.topics.partitions", e.Topics.Partitions, 0, 10_000)
	checkRange(k, "events.topics.replication", e.Topics.Replication, 0, 15)
	if e.ClickHouse.Database != "" && !databaseName.MatchString(e.ClickHouse.Database) {
		k.fail("events.clickhouse.database", "should be a name of letters, digits and _")
	}
	if (e.ClickHouse.TLS.Cert == "") != (e.ClickHouse.TLS.Key == "") {
		k.fail("events.clickhouse.tls", "cert and key belong together; set both or neither")
	}
}
