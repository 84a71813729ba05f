package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bystander/internal/testkit"
	"bystander/internal/testkit/browser"
)

// In the page of a running installation a small tile plays 480×270, a large one
// the whole picture, and the video never stops in between.
func TestTilesGetTheSizeThatTheyNeed(t *testing.T) {
	testkit.Shared(t)
	input := makeVideo(t, "pattern.mp4", "testsrc2=size=1280x720:rate=10:duration=6", "-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p")
	url, _, _ := startDemo(t, input)
	page := browser.Open(t, url)
	requireLive(t, page, 10)
	var got struct {
		Sizes   []int   `json:"sizes"`
		Longest float64 `json:"longest"`
		Black   int     `json:"black"`
	}
	page.Eval(`
		const video = document.querySelector('[data-camera] video');
		const canvas = new OffscreenCanvas(16, 9).getContext('2d', { willReadFrequently: true });
		let last = performance.now(), longest = 0, black = 0, playing = true;
		const look = (now) => {
			longest = Math.max(longest, now - last);
			last = now;
			canvas.drawImage(video, 0, 0, 16, 9);
			const d = canvas.getImageData(0, 0, 16, 9).data;
			if (d.every((v, i) => i % 4 === 3 || v < 24)) black++;
			if (playing) video.requestVideoFrameCallback(look);
		};
		video.requestVideoFrameCallback(look);
		const sizes = [];
		const become = async (key, width) => {
			dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
			const until = performance.now() + 15000;
			while (video.videoWidth !== width && performance.now() < until) await new Promise((r) => setTimeout(r, 50));
			sizes.push(video.videoWidth, video.videoHeight);
			await new Promise((r) => setTimeout(r, 1000));
		};
		document.body.style.width = '100%';
		await become('4', 480);
		await become('1', 1280);
		await become('4', 480);
		playing = false;
		return { sizes, longest, black };`, &got)
	require.Equal(t, []int{480, 270, 1280, 720, 480, 270}, got.Sizes)
	require.Zero(t, got.Black, "no black picture in between")
	require.Less(t, got.Longest, 3000.0, "the longest time without a new picture, in ms")
	t.Logf("longest time between two pictures: %.0f ms", got.Longest)
}
