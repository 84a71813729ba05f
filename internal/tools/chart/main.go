// Chart packages the Helm chart for a release. "make release" calls it; the same
// source gives the same bytes, and SOURCE_DATE_EPOCH is the time on them.
//
//	go run ./internal/tools/chart -helm PATH -version 1.2.3 -out build/release
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"time"

	"bystander/internal/release"
)

func main() {
	dir := flag.String("chart", "charts/bystander", "the chart's folder")
	out := flag.String("out", "build/release", "where the package goes")
	helm := flag.String("helm", "helm", "the program helm")
	version := flag.String("version", "", "version of the program that it is for")
	flag.Parse()
	if err := run(context.Background(), *helm, *dir, *out, *version); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, helm, dir, out, version string) error {
	n, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return errors.New("chart: set SOURCE_DATE_EPOCH to the time of the source in seconds, as git log -1 --format=%ct prints it")
	}
	name, err := release.PackChart(ctx, helm, dir, out, version, time.Unix(n, 0))
	if err == nil {
		fmt.Println(name)
	}
	return err
}
