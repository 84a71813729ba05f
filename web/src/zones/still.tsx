import { useQuery } from "@tanstack/react-query";
import { problemOf, RequestError } from "../api/client";

/** A camera's redacted picture as a data address, with its ratio of height to width. */
export interface Still {
  src: string;
  ratio: number;
}

/** Asks once for a picture on which nobody is clear; it may take some seconds to come. */
export function useStill(camera: string, enabled = true) {
  return useQuery({
    queryKey: ["still", camera],
    enabled,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0, // a picture of a place is not kept once nobody looks at it
    retry: (n, err) => n < 2 && err instanceof RequestError && err.status === 503,
    retryDelay: 500,
    queryFn: ({ signal }) => readStill(camera, signal),
  });
}

async function readStill(camera: string, signal: AbortSignal): Promise<Still> {
  let res: Response;
  try {
    res = await fetch(`/v1/cameras/${encodeURIComponent(camera)}/still`, { signal });
  } catch (err) {
    if (signal.aborted) throw err;
    throw new RequestError(0, "", "");
  }
  if (!res.ok) throw await problemOf(res);
  const blob = await res.blob();
  const bitmap = await createImageBitmap(blob);
  const ratio = bitmap.height / bitmap.width;
  bitmap.close();
  return { src: await dataURL(blob), ratio };
}

/** The content policy lets pictures come from here or stand in the page itself. */
export function dataURL(blob: Blob): Promise<string> {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result));
    reader.onerror = () => failed(reader.error ?? new Error("unreadable"));
    reader.readAsDataURL(blob);
  });
}
