package config

import (
	"net/url"
)

// Observe is how the running program can be looked into, besides its log and
// metrics.
type Observe struct {
	Traces Traces `yaml:"traces"`
}

// Traces follow a part of the pictures, and the events that they lead to, from
// packet to stored row. They tell of things and times, never of people; off
// unless endpoint is set.
type Traces struct {
	// Endpoint is an OpenTelemetry collector's OTLP over HTTP, such as
	// https://collector:4318.
	Endpoint string `yaml:"endpoint"`
	// Sample is which part of the pictures is followed, 0 to 1.
	Sample float64 `yaml:"sample"`
	TLS    TLS     `yaml:"tls"`
}

func (o Observe) check(k *checker) {
	t := o.Traces
	checkRange(k, "observe.traces.sample", t.Sample, 0, 1)
	if u, err := url.Parse(t.Endpoint); t.Endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		k.fail("observe.traces.endpoint", "should be an address such as https://collector:4318")
	}
	if (t.TLS.Cert == "") != (t.TLS.Key == "") {
		k.fail("observe.traces.tls", "cert and key belong together; set both or neither")
	}
}
