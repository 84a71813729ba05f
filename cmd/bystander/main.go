// Bystander is a camera pipeline that sees only the people who said yes.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"bystander/ingest/worker"
	"bystander/internal/app"
)

const about = `Bystander is a camera pipeline that sees only the people who said yes:
it matches consented enrollees, and makes everybody else unrecognisable before a
single picture is shown, stored or sent.

Start with "bystander demo", or "bystander redact --in FILE --out FILE".`

type commands struct {
	Demo          demoCmd          `cmd:"" help:"Run everything on this machine with a loopback camera that plays a file, or with a camera of yours."`
	Run           runCmd           `cmd:"" help:"Run with a configuration file: cameras in, redacted pictures and events out."`
	Writer        writerCmd        `cmd:"" help:"Carry events from Kafka into ClickHouse, or into a file."`
	Bus           busCmd           `cmd:"" help:"Look after the bus: its topics, and the records that writers put aside."`
	Clickhouse    clickhouseCmd    `cmd:"" name:"clickhouse" help:"Make or print the schema of the store in ClickHouse."`
	Redact        redactCmd        `cmd:"" help:"Redact a recording with the very same stages."`
	Enrol         enrolCmd         `cmd:"" help:"Enrol a person who consented, from a photograph that is not kept."`
	Withdraw      withdrawCmd      `cmd:"" help:"Withdraw an enrolled person's consents and destroy their template."`
	Consent       consentCmd       `cmd:"" help:"Check consent receipts."`
	Eval          evalCmd          `cmd:"" help:"Measure: speed against the floor of plain decoding and encoding."`
	Erase         eraseCmd         `cmd:"" help:"Erase a person: keys, templates, name, consents, and every event about them."`
	Backup        backupCmd        `cmd:"" help:"Back up an installation, encrypted, while it runs."`
	Restore       restoreCmd       `cmd:"" help:"Put an installation back from its backups; who was erased stays erased."`
	Export        exportCmd        `cmd:"" help:"Write everything that an installation keeps in open formats, to leave or to move."`
	Decommission  decommissionCmd  `cmd:"" help:"Destroy an installation for good, with a signed certificate."`
	Audit         auditCmd         `cmd:"" help:"Check that the event log is whole, unaltered and in order."`
	VerifySegment verifySegmentCmd `cmd:"" help:"Check recorded segments against their signed receipts."`
	Site          siteCmd          `cmd:"" help:"Import, export or show the living site."`
	CA            caCmd            `cmd:"" name:"ca" help:"The house's own certificate authority, for processes on different machines."`
	Edge          edgeCmd          `cmd:"" help:"Let edges join their control, list them, and let them go."`
	User          userCmd          `cmd:"" help:"Make, list, reset or end the accounts that people sign in to."`
	Token         tokenCmd         `cmd:"" help:"Make, list or end accounts' tokens."`
	Halt          haltCmd          `cmd:"" help:"Mask everybody on every stream, at once."`
	Resume        resumeCmd        `cmd:"" help:"End a halt; two different people have to ask."`
	VerifyKey     verifyKeyCmd     `cmd:"" help:"Keys of the programs that call the 1:1 interface."`
	Control       controlCmd       `cmd:"" help:"Move the control's data to where several replicas share them, and give these their common keys."`
	Models        modelsCmd        `cmd:"" help:"List the models, or fetch them."`
	Plan          planCmd          `cmd:"" help:"Say what a deployment takes: cores, GPUs, network, bus, store and disks, for up to 10,000 cameras."`
	Doctor        doctorCmd        `cmd:"" help:"Check this machine and this installation, with a fix for each finding."`
	VerifyRelease verifyReleaseCmd `cmd:"" name:"verify-release" help:"Check a downloaded release against its maker's public key."`
	Openapi       openapiCmd       `cmd:"" name:"openapi" help:"Print the description of the HTTP interface (OpenAPI 3.1), as it is served at /openapi.json."`
	CheckConfig   checkConfigCmd   `cmd:"" help:"Check a configuration file, and the site file that it names."`
	Healthcheck   healthcheckCmd   `cmd:"" hidden:"" help:"Ask an address for its status, as images do."`
	Probe         probeCmd         `cmd:"" hidden:""`
	Version       versionCmd       `cmd:"" help:"Print the version."`
}

func main() { os.Exit(run(os.Args[1:])) }

// run is main with an exit status: 0 done, 1 failed, 2 wrong usage or
// configuration.
func run(args []string) int {
	// A camera's worker gives up what it does not need before anything else.
	if len(args) == 1 && args[0] == worker.Subcommand {
		return app.Worker()
	}
	if err := app.NoCoreDumps(); err != nil {
		fmt.Fprintf(os.Stderr, "bystander: no core dumps: %v\n", err)
		return 1
	}
	app.MoreProcessors()
	var c commands
	exit := -1
	parser := kong.Must(&c,
		kong.Name("bystander"), kong.Description(about),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(code int) { exit = code }))
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if exit >= 0 { // --help has been answered
		return exit
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "bystander: %v (see bystander --help)\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second interrupt ends the program at once.
	context.AfterFunc(ctx, stop)
	k.BindTo(ctx, (*context.Context)(nil))
	if err := k.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "bystander: %v\n", err)
		if errors.Is(err, app.ErrUsage) {
			return 2
		}
		return 1
	}
	return 0
}
