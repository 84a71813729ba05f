// Package drivers lists every driver that this program has.
package drivers

import (
	"bystander/ingest"
	"bystander/ingest/driver"
	"bystander/ingest/file"
	"bystander/ingest/rtsp"
	"bystander/ingest/vdk"
	"bystander/ingest/whip"
)

// All returns the drivers by name, for child.Main.
func All() driver.Set {
	return driver.Set{
		ingest.DriverRTSP: rtsp.New,
		ingest.DriverVDK:  vdk.New,
		ingest.DriverWHIP: whip.New,
		ingest.DriverFile: file.New,
	}
}
