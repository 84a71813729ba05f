package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Swap says whether this machine writes memory to a disk. proc is /proc.
func Swap(proc string) Finding {
	const why = "raw pictures and templates could be written to the disk, and stay there"
	b, err := os.ReadFile(filepath.Join(proc, "swaps"))
	if err != nil {
		return warn("swap", err.Error(), why, "look at it with: swapon --show")
	}
	var on []string
	for i, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		if f := strings.Fields(line); i > 0 && len(f) > 0 && !strings.HasPrefix(f[0], "/dev/zram") {
			on = append(on, f[0])
		}
	}
	if len(on) == 0 {
		return fine("swap", "off")
	}
	return warn("swap", "on: "+strings.Join(on, ", "), why, "swapoff -a, or use encrypted swap; with systemd the unit's MemorySwapMax=0 does for this program")
}

// Dumps says what becomes of a crash. proc is /proc; limit and dumpable are this
// process's, which has the program's own settings.
func Dumps(proc string, limit uint64, dumpable int) []Finding {
	const name, why = "core dumps", "a crash would write raw pictures, templates and keys to a disk"
	var out []Finding
	if limit != 0 || dumpable != 0 {
		out = append(out, bad(name, fmt.Sprintf("are on for this program (limit %d, dumpable %d)", limit, dumpable), why,
			"report this: the program turns them off as it starts"))
	}
	b, err := os.ReadFile(filepath.Join(proc, "sys/fs/suid_dumpable"))
	if err == nil && strings.TrimSpace(string(b)) != "0" {
		// 1 dumps everything; 2 dumps what is not dumpable, readable by root alone.
		level := Warn
		if strings.TrimSpace(string(b)) == "1" {
			level = Bad
		}
		pattern, _ := os.ReadFile(filepath.Join(proc, "sys/kernel/core_pattern"))
		out = append(out, Finding{
			name, level, fmt.Sprintf("fs.suid_dumpable is %s, and crashes go to %q: protected processes are dumped, too",
				strings.TrimSpace(string(b)), strings.TrimSpace(string(pattern))), why,
			"sysctl -w fs.suid_dumpable=0 (and in /etc/sysctl.d)",
		})
	}
	if len(out) == 0 {
		out = append(out, fine(name, "off for this program"))
	}
	return out
}

// Confinement says what the kernel can hold cameras' workers to.
func Confinement(landlock int, seccomp bool) Finding {
	const name = "confinement"
	const why = "a camera's stream that takes its decoder over would then reach more than that camera"
	text := fmt.Sprintf("Landlock %d", landlock)
	switch {
	case landlock == 0:
		text = "this kernel has no Landlock"
	case landlock < 4:
		text += ": files are out of a worker's reach, connections are not"
	}
	switch {
	case landlock == 0:
		return warn(name, text, why, "run Linux 5.13 or newer with lsm=landlock,… (6.7 also holds connections); in a container allow landlock_* in its seccomp profile")
	case !seccomp:
		return warn(name, text+"; system calls cannot be filtered", why, "allow seccomp in the container's profile")
	case landlock < 4:
		return warn(name, text, why, "run Linux 6.7 or newer")
	}
	return fine(name, text+", system calls filtered")
}

// Folder says how much of what it may take a folder takes. limit is 0 for none.
func Folder(name, dir string, limit int64, fix string) Finding {
	var size int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // disposed of meanwhile, or none yet
		}
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	const why = "once it is full, the newest is refused or the oldest goes"
	if err != nil {
		return bad(name, err.Error(), why, "make it readable for the program's user")
	}
	text := fmt.Sprintf("%.2f GB in %s", float64(size)/1e9, dir)
	if limit > 0 {
		text += fmt.Sprintf(", of %.2f GB", float64(limit)/1e9)
		if size > limit/10*9 {
			return warn(name, text, why, fix)
		}
	}
	return fine(name, text)
}

// Backup says how old the last backup of a kind is. at is zero for never.
func Backup(kind string, at, now time.Time, inUse bool) Finding {
	name := "backup of " + kind
	const why = "what is lost with this machine is lost for good, and erasures may come undone"
	fix := "run: bystander backup --to KEY --under FOLDER"
	if kind == "keys" {
		fix += " --keys"
	}
	fix += " (deploy/systemd/bystander-backup.timer does so nightly)"
	switch {
	case at.IsZero() && !inUse:
		return fine(name, "nothing to back up yet")
	case at.IsZero():
		return warn(name, "was never made", why, fix)
	case now.Sub(at) > 48*time.Hour:
		return warn(name, fmt.Sprintf("is %d days old (%s)", int(now.Sub(at).Hours()/24), at.UTC().Format(time.RFC3339)), why, fix)
	}
	return fine(name, "of "+at.UTC().Format(time.RFC3339))
}

// Due says when a zone's inspection of its signs ends.
func Due(zone string, until, now time.Time) (Finding, bool) {
	const why = "a zone whose inspection has lapsed is suspended: nobody is compared there"
	const fix = "walk through the entrances and record the inspection at /zones"
	day := until.UTC().Format(time.DateOnly)
	switch left := until.Sub(now); {
	case until.IsZero():
		return Finding{}, false
	case left <= 0:
		return warn("signs", fmt.Sprintf("zone %s: its inspection ended on %s", zone, day), why, fix), true
	case left < soon:
		return warn("signs", fmt.Sprintf("zone %s: its inspection ends on %s", zone, day), why, fix), true
	}
	return fine("signs", fmt.Sprintf("zone %s: inspected until %s", zone, day)), true
}

// Skew compares another machine's clock with this one's. asked and answered are
// this machine's times around the question.
func Skew(name string, there, asked, answered time.Time) Finding {
	const why = "events are stamped here and disposed of there; leases live for ten seconds"
	// What the way takes is not skew.
	early, late := asked.Sub(there), there.Sub(answered)
	off := max(early, late, 0)
	text := fmt.Sprintf("its clock is within %v of this one", answered.Sub(asked).Round(time.Millisecond))
	if off == 0 {
		return fine(name, text)
	}
	text = fmt.Sprintf("its clock is off by %v or more", off.Round(time.Millisecond))
	switch {
	case off > 5*time.Second:
		return bad(name, text, why, "run a time service such as chrony on both machines")
	case off > time.Second:
		return warn(name, text, why, "run a time service such as chrony on both machines")
	}
	return fine(name, text)
}
