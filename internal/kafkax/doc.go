// Package kafkax is what the house's parts share of Kafka: how a cluster is
// reached, which topics there are and how they are made, how an event looks as a
// record, and which errors a person must mend. It decides nothing about content.
package kafkax
