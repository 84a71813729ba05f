// Made by `npm run api` from api/openapi.json; do not edit.

export interface paths {
    "/v1/cameras": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every camera and how it is */
        get: operations["list-cameras"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cameras/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One camera */
        get: operations["get-camera"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The match log, newest first
         * @description An answer that holds events linked to a person is recorded in the access log first; when that fails there is no answer (503).
         */
        get: operations["list-events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/recordings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Redacted recordings, newest first */
        get: operations["list-recordings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/recordings/{id}/video": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A recording's redacted video
         * @description Takes Range requests. Each read is recorded in the access log first; when that fails there is no answer (503).
         */
        get: operations["get-recording-video"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The installation as a whole */
        get: operations["get-status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What changes, as it happens
         * @description Server-sent events: `camera` (each camera at most once a second), `status`, `event` (with its cursor as id), `reset` (too much was missed: read /v1/events anew) and `problem` (the stream ends). A batch that holds events linked to a person is recorded in the access log first.
         */
        get: operations["stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Camera: {
            /**
             * @description Where the pictures' wall-clock time comes from
             * @enum {string}
             */
            clock: "arrival" | "camera";
            /** @description What the camera sends, such as h264 */
            codec?: string;
            /**
             * Format: int64
             * @description Packets or pictures that could not be decoded
             */
            corrupt: number;
            /**
             * Format: double
             * @description Median time from a picture's arrival to its redacted, encoded form, hold included
             */
            delay_p50_ms: number;
            /** Format: double */
            delay_p95_ms: number;
            /**
             * @description How the camera is reached; a whip camera is published from a browser or encoder
             * @enum {string}
             */
            driver: "rtsp" | "vdk" | "whip" | "file";
            /**
             * Format: int64
             * @description Pictures that nobody took in time
             */
            dropped: number;
            /** @description The last trouble in plain words, with the way out */
            err?: string;
            /** @description Stable code of the trouble, such as UNREACHABLE, UNAUTHORIZED, NOT_A_VIDEO, TIMEOUT, DECODE */
            err_code?: string;
            /**
             * Format: int64
             * @description Faces in the newest picture
             */
            faces: number;
            /**
             * Format: double
             * @description Pictures a second over the last seconds
             */
            fps: number;
            /**
             * Format: int64
             * @description Pictures taken from the camera since the program began
             */
            frames: number;
            /** Format: int64 */
            height: number;
            /**
             * Format: double
             * @description How long pictures are held back so that a face seen late is covered earlier
             */
            hold_ms: number;
            /** @description Stable name of the camera in paths */
            id: string;
            mask: components["schemas"]["Mask"];
            /** @description Whether faces are compared with the enrolled */
            matching: components["schemas"]["Switch"];
            /** @description The name people use */
            name: string;
            /**
             * Format: date-time
             * @description When the next attempt is due
             */
            next_try?: string;
            /** Format: int64 */
            reconnects: number;
            recording: components["schemas"]["Recorder"];
            /**
             * Format: int64
             * @description Restarts of the camera's worker process
             */
            restarts: number;
            /** @description Belongs to a sample site, whose zones and consents are made up */
            sample: boolean;
            /** @description The scene that the camera belongs to */
            scene?: string;
            /**
             * Format: date-time
             * @description When the camera entered this state
             */
            since: string;
            /** @enum {string} */
            state: "starting" | "connecting" | "connected" | "retrying" | "ended" | "failed" | "closed";
            /**
             * Format: int64
             * @description People followed now
             */
            tracks: number;
            /**
             * Format: int64
             * @description Live viewers now
             */
            viewers: number;
            /**
             * Format: int64
             * @description Luma pixels; 0 while unknown
             */
            width: number;
            /** @description The zones that the camera covers */
            zones: components["schemas"]["ZoneRef"][];
        };
        CamerasOutputBody: {
            cameras: components["schemas"]["Camera"][];
        };
        ErrorDetail: {
            /** @description Where the error occurred, e.g. 'body.items[3].tags' or 'path.thing-id' */
            location?: string;
            /** @description Error message text */
            message?: string;
        };
        ErrorModel: {
            /** @description Stable code of the trouble, such as IDENTITY_UNVERIFIED */
            code?: string;
            /**
             * @description A human-readable explanation specific to this occurrence of the problem.
             * @example Property foo is required but is missing.
             */
            detail?: string;
            /** @description Optional list of individual error details */
            errors?: components["schemas"]["ErrorDetail"][] | null;
            reasons?: components["schemas"]["ProblemReason"][] | null;
            /**
             * Format: uuid
             * @description Names this request in the logs; also in the X-Request-Id header
             */
            request_id: string;
            /**
             * Format: int64
             * @description HTTP status code
             * @example 400
             */
            status: number;
            /**
             * @description A short, human-readable summary of the problem type. This value should not change between occurrences of the error.
             * @example Bad Request
             */
            title: string;
            /**
             * Format: uri
             * @description A URI reference to human-readable documentation for the error.
             * @default about:blank
             * @example https://example.com/errors/example
             */
            type: string;
        };
        Event: {
            assessment?: string;
            camera: string;
            chain: string;
            /** @description The consent relied on, hex */
            consent_ref?: string;
            /** Format: int32 */
            consent_version?: number;
            /** @description Place in the log, for before= and after= */
            cursor: string;
            /** @description What a health, gate or counter event says; nothing about a person */
            detail?: {
                [key: string]: string;
            };
            /**
             * Format: int32
             * @description How many people it was compared with
             */
            gallery_size?: number;
            /**
             * Format: int32
             * @description The value of each condition of the gate
             */
            gate_bits?: number;
            /** @enum {string} */
            gate_mode?: "zone" | "claim";
            /** @description UUID version 7 */
            id: string;
            inspection?: string;
            /** @enum {string} */
            kind: "use_start" | "use_end" | "match" | "claim_outcome" | "verify_1to1" | "unmask" | "human_review" | "gate_change" | "camera_health" | "zone_minute" | "segment";
            /** Format: float */
            margin?: number;
            /** @description Digest of the model, hex */
            model?: string;
            /** @description Version of the notice in force */
            notice?: string;
            /** @description Result of the presentation-attack check */
            pad?: string;
            /** Format: int64 */
            policy_version?: number;
            /** Format: float */
            quality?: number;
            /** @description The redaction receipt */
            receipt?: string;
            ref_event?: string;
            /** @description Hex */
            row_hash?: string;
            scene?: string;
            /** Format: float */
            score?: number;
            /** Format: int64 */
            seq: number;
            /** @description Hash of the sign set in force, hex */
            sign_set?: string;
            site: string;
            /** @description Short pseudonym for people to read, valid in this scene and on this day; subject_ref identifies */
            subject?: string;
            /** @description Pseudonym, hex */
            subject_ref?: string;
            /** Format: float */
            threshold?: number;
            /** Format: date-time */
            ts: string;
            /** @enum {string} */
            ts_quality: "synced" | "unsynced" | "camera";
            verdict?: string;
            zone?: string;
            zone_name?: string;
            /** Format: int32 */
            zone_version?: number;
        };
        EventPage: {
            /** @description The log's newest place when this was read; follow on with /v1/stream?after= */
            cursor: string;
            /** @description Newest first */
            events: components["schemas"]["Event"][];
            /** @description Whether older ones follow; ask with before= the last one's cursor */
            more: boolean;
        };
        Gate: {
            /**
             * Format: int64
             * @description People whose consent is active
             */
            enrolled: number;
            /**
             * Format: date-time
             * @description When the policy lease ends; without a fresh one everybody is masked
             */
            lease_expires?: string;
            /** @enum {string} */
            mode?: "zone" | "claim";
            /** @description Whether some zone's gate is open */
            open: boolean;
            /** @description What keeps it closed */
            reasons: components["schemas"]["Reason"][];
        };
        Mask: {
            /**
             * Format: int64
             * @description People shown clear now, each under a consent
             */
            clear: number;
            /** @description Why the whole picture is covered, such as DETECTOR_LATE */
            code?: string;
            /**
             * Format: int64
             * @description Pictures that left fully masked since the program began
             */
            full_frames: number;
            /** @description The same in plain words */
            reason?: string;
            /** Format: date-time */
            since: string;
            /**
             * @description masked: everybody covered; clear: somebody shown under consent; full: the whole picture covered
             * @enum {string}
             */
            state: "masked" | "clear" | "full";
        };
        Model: {
            /** @description SHA-256 in hex */
            digest?: string;
            /** @description Why it is not loaded, with the way out */
            err?: string;
            loaded: boolean;
            name: string;
            /** @description tensorrt, cuda, cpu, or go */
            provider?: string;
            /** @enum {string} */
            role: "face" | "person" | "embedding";
        };
        Notice: {
            /** @description Stable code, such as NO_MODEL */
            code: string;
            /** @enum {string} */
            level: "error" | "warning" | "info";
            /** @description Plain words */
            text: string;
        };
        ProblemReason: {
            /** @description Stable, such as SIGN_MISSING */
            code: string;
            /** @description What it is about, such as an entrance */
            object?: string;
            /** @description In plain words, with the way out */
            text: string;
        };
        Reason: {
            code: string;
            text: string;
        };
        Recorder: {
            /** Format: int64 */
            bytes: number;
            /** @description Why it is off, such as NO_SITE */
            code?: string;
            /** Format: date-time */
            oldest?: string;
            on: boolean;
            /** @description The same in plain words */
            reason?: string;
            /**
             * Format: int64
             * @description Segments kept now
             */
            segments: number;
        };
        Recording: {
            /** Format: int64 */
            bytes: number;
            camera: string;
            /** @description False while it is being written */
            complete: boolean;
            /**
             * Format: date-time
             * @description When it will be removed by age
             */
            expires?: string;
            /** Format: date-time */
            from: string;
            /** Format: int64 */
            height: number;
            id: string;
            /**
             * Format: double
             * @description Duration of the video
             */
            seconds: number;
            /** Format: date-time */
            to: string;
            /** Format: int64 */
            width: number;
        };
        RecordingsOutputBody: {
            /** @description Whether older ones follow; ask with to= the last one's beginning */
            more: boolean;
            /** @description Newest first */
            recordings: components["schemas"]["Recording"][];
        };
        SiteRef: {
            id: string;
            name: string;
            /** @description A sample site: its zones, signs and consents are made up, so it may not be used on the public */
            sample: boolean;
        };
        Status: {
            gate: components["schemas"]["Gate"];
            models: components["schemas"]["Model"][];
            /** @description What everybody at this installation should know now, gravest first */
            notices: components["schemas"]["Notice"][];
            site: components["schemas"]["SiteRef"];
            /** Format: date-time */
            started: string;
            storage: components["schemas"]["Storage"];
            version: string;
        };
        Storage: {
            /** Format: int64 */
            events: number;
            /**
             * Format: int64
             * @description Recordings are removed beyond this; 0 is no limit
             */
            limit_bytes: number;
            /**
             * Format: int64
             * @description Recordings are removed after this many seconds; 0 is no limit
             */
            max_age_s: number;
            /** @description The event store, such as sqlite */
            store: string;
            /**
             * Format: int64
             * @description Recordings on disk
             */
            used_bytes: number;
        };
        StreamProblem: {
            detail: string;
            request_id: string;
            /** Format: int64 */
            status: number;
        };
        StreamReset: {
            /** @description Where the stream goes on */
            cursor: string;
        };
        Switch: {
            /** @description Why it is off, such as NO_SITE */
            code?: string;
            on: boolean;
            /** @description The same in plain words */
            reason?: string;
        };
        ZoneRef: {
            id: string;
            /** @enum {string} */
            kind: "signage" | "recognition" | "prohibited";
            name: string;
            /** @enum {string} */
            state: "draft" | "signs_planned" | "inspected" | "live" | "suspended" | "retired";
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    "list-cameras": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CamerasOutputBody"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-camera": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The camera's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Camera"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "list-events": {
        parameters: {
            query?: {
                /** @description Only this camera's events */
                camera?: string;
                /** @description Only these kinds, separated by commas */
                kind?: ("use_start" | "use_end" | "match" | "claim_outcome" | "verify_1to1" | "unmask" | "human_review" | "gate_change" | "camera_health" | "zone_minute" | "segment")[] | null;
                /** @description Only events older than this cursor */
                before?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            /** @description Gone */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "list-recordings": {
        parameters: {
            query?: {
                camera?: string;
                /** @description Only recordings that reach beyond this time (RFC 3339) */
                from?: string;
                /** @description Only recordings that begin before this time (RFC 3339) */
                to?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordingsOutputBody"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-recording-video": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The whole video */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "video/mp4": string;
                };
            };
            /** @description The asked-for range */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "video/mp4": string;
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Gone */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    stream: {
        parameters: {
            query?: {
                /** @description Only this camera */
                camera?: string;
                /** @description Begin after this cursor instead of now */
                after?: string;
            };
            header?: {
                /** @description Takes precedence over after= */
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["Camera"] | components["schemas"]["Event"] | components["schemas"]["Status"] | components["schemas"]["StreamReset"] | components["schemas"]["StreamProblem"];
                };
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
}
