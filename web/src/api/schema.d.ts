// Made by `npm run api` from docs/openapi.json; do not edit.

export interface paths {
    "/.well-known/bystander-consent-keys.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** JWK set that consent receipts are verified with */
        get: operations["consent-receipt-keys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/assessments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List assessments
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["list-assessments"];
        put?: never;
        /**
         * Write an impact assessment of a scene as it is now
         * @description Needs one of the roles: privacy_officer.
         */
        post: operations["add-assessment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/assessments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One assessment
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-assessment"];
        /**
         * Change an assessment that is not approved
         * @description Needs one of the roles: privacy_officer.
         */
        put: operations["edit-assessment"];
        post?: never;
        /**
         * Remove an assessment older than three years
         * @description Needs one of the roles: privacy_officer.
         */
        delete: operations["dispose-assessment"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/assessments/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Approve an assessment that somebody else wrote
         * @description Needs one of the roles: privacy_officer, administrator.
         */
        post: operations["approve-assessment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/assessments/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of one assessment
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["assessment-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/checkpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest checkpoint of this edge's log, a signed note */
        get: operations["get-checkpoint"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/consistency": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Prove that the log goes on from an earlier checkpoint */
        get: operations["prove-consistency"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/events/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One event, and what stood around it */
        get: operations["audit-event"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/log/{chain}/checkpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest checkpoint of a chain's log */
        get: operations["get-log-checkpoint"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The Merkle logs and their verifier keys */
        get: operations["list-logs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/proof": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Prove that an event is under the newest checkpoint */
        get: operations["prove-event"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/proof/text": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as a c2sp.org/tlog-proof, to be kept beside the event */
        get: operations["prove-event-text"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/questions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The questions that auditors can ask, with their parameters */
        get: operations["list-questions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/questions/{name}/answer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ask one question
         * @description A check holds when its table is empty. Times are RFC 3339, dates, 'now', or '-30d'.
         */
        get: operations["ask-question"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/verifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Verify a chain from one number to another
         * @description Newline-delimited JSON: lines of progress, then one report or one failure. Close the connection to cancel. One verification runs at a time.
         */
        post: operations["verify-log"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/camera-policies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What policy knows of every camera
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["list-camera-policies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
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
    "/v1/cameras/{id}/calibrate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take the camera's present view as the right one
         * @description Needs one of the roles: venue_owner, administrator.
         */
        post: operations["calibrate-camera"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cameras/{id}/policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What policy knows of a camera
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-camera-policy"];
        /**
         * Register a camera's place, private areas and checklist
         * @description Needs one of the roles: venue_owner, administrator.
         */
        put: operations["put-camera-policy"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cameras/{id}/policy/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of it
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["camera-policy-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cameras/{id}/still": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One redacted picture of a camera, on which nobody is clear, to draw zones on */
        get: operations["camera-still"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cameras/{id}/view": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How the camera stands, compared with its calibrated view
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-camera-view"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/census": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How many distinct people are held, against the limit of filing
         * @description Roles: [privacy_officer consent_officer auditor]
         */
        get: operations["consent-census"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/census/filing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The filing was made
         * @description Roles: [privacy_officer]
         */
        post: operations["consent-filed"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/components": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List components
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["list-components"];
        put?: never;
        /**
         * Add a third-party component to the register
         * @description Needs one of the roles: privacy_officer, administrator.
         */
        post: operations["add-component"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/components/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One component
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-component"];
        /**
         * Change a component's entry
         * @description Needs one of the roles: privacy_officer, administrator.
         */
        put: operations["edit-component"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/components/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of one component
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["component-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/consents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record one act for one purpose
         * @description Roles: [kiosk consent_officer subject]
         */
        post: operations["consent-give"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/consents/due": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Consents to be confirmed again, that wait for a second act, or run out within a month
         * @description Roles: [consent_officer]
         */
        get: operations["consent-due"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/consents/house": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where people can be asked: scenes, zones, ways without recognition; for everybody */
        get: operations["consent-house"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/consents/lookup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Show at a kiosk what was agreed to online, by its code
         * @description Roles: [kiosk consent_officer]
         */
        post: operations["consent-lookup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/consents/receipt-schema": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** JSON Schema of consent receipts */
        get: operations["consent-receipt-schema"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/consents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A consent as it stands
         * @description Roles: [kiosk consent_officer privacy_officer subject]
         */
        get: operations["consent-consent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/consents/{id}/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The second act of an o2o consent, in person
         * @description Roles: [kiosk consent_officer]
         */
        post: operations["consent-confirm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/consents/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of a consent
         * @description Roles: [kiosk consent_officer privacy_officer subject]
         */
        get: operations["consent-consent-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/consents/{id}/receipt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The signed receipt of a version
         * @description Roles: [kiosk consent_officer privacy_officer subject]
         */
        get: operations["consent-receipt"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/consents/{id}/renew": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The act that a consent in state reconfirm waits for
         * @description Roles: [kiosk consent_officer subject]
         */
        post: operations["consent-renew"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/consents/{id}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a consent back: one step, no reason, as often as one likes
         * @description Roles: [kiosk consent_officer privacy_officer subject]
         */
        post: operations["consent-withdraw"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/demo/act-as": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Act as a sample account, in a demonstration only
         * @description There is no such route outside bystander demo.
         */
        post: operations["demo-act-as"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/enrollees/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A person's consents and current choice per scene; no name
         * @description Roles: [kiosk consent_officer privacy_officer subject]
         */
        get: operations["consent-person"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/enrollees/{id}/code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A new code for the person's receipt: it opens their own page, and shows their consents at a kiosk; earlier ones end
         * @description Roles: [kiosk consent_officer]
         */
        post: operations["consent-receipt-code"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/enrollees/{id}/guardians": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who acts or acted for a child
         * @description Roles: [consent_officer privacy_officer]
         */
        get: operations["consent-guardians"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/enrollees/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What changed of an enrolment, and when; replaced templates too
         * @description Roles: [kiosk consent_officer privacy_officer subject]
         */
        get: operations["consent-person-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/enrollees/{id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the person must be told
         * @description Roles: [kiosk consent_officer privacy_officer subject]
         */
        get: operations["consent-messages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/enrollees/{id}/messages/{message}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The person has seen a message
         * @description Roles: [kiosk consent_officer subject]
         */
        post: operations["consent-message-read"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/enrollees/{id}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take back everything, and end the enrolment
         * @description Roles: [kiosk consent_officer privacy_officer subject]
         */
        post: operations["consent-withdraw-all"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/enrolments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Enrolments that are under way
         * @description Roles: [consent_officer]
         */
        get: operations["consent-enrolments"];
        put?: never;
        /**
         * Begin an enrolment; nothing is taken of anybody yet
         * @description Roles: [kiosk consent_officer subject]
         */
        post: operations["consent-start-enrolment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/enrolments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * An enrolment session
         * @description Roles: [kiosk consent_officer]
         */
        get: operations["consent-enrolment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/enrolments/{id}/photos": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Hand in a photograph: it makes the templates, or is refused with everything that is wrong with it
         * @description Roles: [kiosk consent_officer]
         */
        post: operations["consent-photo"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/enrolments/{id}/proof": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record how an officer made sure who the person is; after the consent
         * @description Roles: [consent_officer]
         */
        post: operations["consent-prove"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/entrances": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List entrances
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["list-entrances"];
        put?: never;
        /**
         * Add a way into a zone
         * @description Needs one of the roles: venue_owner.
         */
        post: operations["add-entrance"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/entrances/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One entrance
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-entrance"];
        /**
         * Change an entrance; its zone returns to signs_planned
         * @description Needs one of the roles: venue_owner.
         */
        put: operations["edit-entrance"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/entrances/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of one entrance
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["entrance-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/entrances/{id}/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Remove an entrance and its signs
         * @description Needs one of the roles: venue_owner.
         */
        post: operations["remove-entrance"];
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
    "/v1/events/{id}/confirmation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether two people have confirmed a match */
        get: operations["event-confirmation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/{id}/reviews": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Confirm or reject a match, once for each person */
        post: operations["review-event"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/exit-plans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List exit-plans
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["list-exit-plans"];
        put?: never;
        /**
         * Plan how the site is left
         * @description Needs one of the roles: venue_owner, administrator.
         */
        post: operations["add-exit-plan"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/exit-plans/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One exit-plan
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-exit-plan"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/exit-plans/{id}/certify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirm that all is done; never by the planner
         * @description Needs one of the roles: privacy_officer, administrator.
         */
        post: operations["certify-exit-plan"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/exit-plans/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of one exit-plan
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["exit-plan-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/exit-plans/{id}/items/{item}/done": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record that an item is done
         * @description Needs one of the roles: venue_owner, administrator.
         */
        post: operations["exit-item-done"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/filings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List filings
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["list-filings"];
        put?: never;
        /**
         * Record a filing or approval
         * @description Needs one of the roles: privacy_officer.
         */
        post: operations["add-filing"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/filings/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One filing
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-filing"];
        /**
         * Change a filing
         * @description Needs one of the roles: privacy_officer.
         */
        put: operations["edit-filing"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/filings/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of one filing
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["filing-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/floorplans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List floorplans
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["list-floorplans"];
        put?: never;
        /**
         * Add a floor plan, drawn with lines
         * @description Needs one of the roles: venue_owner.
         */
        post: operations["add-floorplan"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/floorplans/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One floorplan
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-floorplan"];
        /**
         * Change a floor plan; its zones return to signs_planned
         * @description Needs one of the roles: venue_owner.
         */
        put: operations["edit-floorplan"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/floorplans/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of one floorplan
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["floorplan-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/guardian-channels/{scene}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Where guardians act for a scene, and how they are checked
         * @description Roles: [privacy_officer]
         */
        put: operations["consent-guardian-channel"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/guardians": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record that an officer saw the proof that somebody may act for a child
         * @description Roles: [consent_officer]
         */
        post: operations["consent-add-guardian"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/guardians/{id}/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The guardian's power has ended; the child is not compared any more
         * @description Roles: [consent_officer]
         */
        post: operations["consent-end-guardian"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/imports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take consents that were given on paper before; the report says for each row what became of it
         * @description Roles: [consent_officer]
         */
        post: operations["consent-import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/imports/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The report of an import
         * @description Roles: [consent_officer]
         */
        get: operations["consent-import-report"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/incidents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List incidents
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["list-incidents"];
        put?: never;
        /**
         * Open an incident, or a drill of one
         * @description Needs one of the roles: operator, venue_owner, inspector, consent_officer, privacy_officer, administrator.
         */
        post: operations["open-incident"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/incidents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One incident
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-incident"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/incidents/{id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Close a reported incident
         * @description Needs one of the roles: privacy_officer, administrator.
         */
        post: operations["close-incident"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/incidents/{id}/contain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record that an incident is contained
         * @description Needs one of the roles: privacy_officer, administrator.
         */
        post: operations["contain-incident"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/incidents/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of one incident
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["incident-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/incidents/{id}/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record a report of an incident
         * @description Needs one of the roles: privacy_officer, administrator.
         */
        post: operations["report-incident"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/inspections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List inspections
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["list-inspections"];
        put?: never;
        /**
         * Record a walkthrough from a visitor's viewpoint; never of what one planned
         * @description Needs one of the roles: inspector.
         */
        post: operations["add-inspection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/inspections/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One inspection
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-inspection"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/inspections/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of one inspection
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["inspection-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/kill": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether everything is masked, why, and who waits to resume
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-kill"];
        put?: never;
        /**
         * Mask everybody on every stream, at once
         * @description Needs one of the roles: operator, venue_owner, inspector, consent_officer, privacy_officer, administrator.
         */
        post: operations["kill"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What people must be told and have not seen yet
         * @description Roles: [consent_officer]
         */
        get: operations["consent-outbox"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every revision of every notice
         * @description Roles: [privacy_officer consent_officer auditor]
         */
        get: operations["consent-notices"];
        put?: never;
        /**
         * Hand in a draft; refused with every fault at once
         * @description Roles: [privacy_officer]
         */
        post: operations["consent-add-notice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notices/components": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Third-party components that ship with the program and touch personal data */
        get: operations["consent-components"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notices/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The notice in force for a scene, for everybody */
        get: operations["consent-current-notice"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notices/templates/{language}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The text that ships, to be completed
         * @description Roles: [privacy_officer consent_officer auditor]
         */
        get: operations["consent-notice-template"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notices/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The newest revision of a notice
         * @description Roles: [privacy_officer consent_officer auditor]
         */
        get: operations["consent-notice"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/notices/{version}/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publish a draft of somebody else's
         * @description Roles: [privacy_officer]
         */
        post: operations["consent-publish-notice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/photos": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upload a photograph of a place (JPEG or PNG); people on it are covered before it is stored
         * @description Needs one of the roles: venue_owner, inspector.
         */
        post: operations["add-photo"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/photos/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A photograph, redacted */
        get: operations["get-photo"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/prompts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * May this person be asked now, and with what? 429 within the interval after a refusal
         * @description Roles: [kiosk consent_officer subject]
         */
        post: operations["consent-prompt"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/prompts/{id}/decline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say no; the answer is the other way through, with the same service
         * @description Roles: [kiosk consent_officer subject]
         */
        post: operations["consent-decline"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/public/zones/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What everybody may know of a zone
         * @description Open to everybody.
         */
        get: operations["public-zone"];
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
    "/v1/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End a halt; two different people have to ask
         * @description Needs one of the roles: privacy_officer, administrator.
         */
        post: operations["resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/forwarded": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Forward a person's request, as one who processes for the controller
         * @description Open to everybody.
         */
        post: operations["forward-request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Requests and their deadlines, without who asks
         * @description Needs one of the roles: privacy_officer, auditor.
         */
        get: operations["list-requests"];
        put?: never;
        /**
         * Ask about what is kept of you
         * @description Open to everybody.
         */
        post: operations["submit-request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/requests/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One request as it stands
         * @description Needs one of the roles: privacy_officer.
         */
        get: operations["get-request"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/requests/{id}/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record that the person was told of the receipt
         * @description Needs one of the roles: privacy_officer.
         */
        post: operations["acknowledge-request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/requests/{id}/appeal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Appeal against a refusal
         * @description Open to everybody.
         */
        post: operations["appeal-request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/requests/{id}/begin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin; what stops processing is done at once
         * @description Needs one of the roles: privacy_officer.
         */
        post: operations["begin-request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/requests/{id}/bundle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everything that is kept of the person, as a signed ZIP file
         * @description Needs one of the roles: privacy_officer.
         */
        get: operations["request-bundle"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/requests/{id}/contact": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How to reach who asks
         * @description Needs one of the roles: privacy_officer.
         */
        get: operations["request-contact"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/requests/{id}/extend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Move the deadline, once, with a reason
         * @description Needs one of the roles: privacy_officer.
         */
        post: operations["extend-request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/requests/{id}/fulfil": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End as served; an erasure is carried out here
         * @description Needs one of the roles: privacy_officer.
         */
        post: operations["fulfil-request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/requests/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of a request
         * @description Needs one of the roles: privacy_officer.
         */
        get: operations["request-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/requests/{id}/refuse": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Refuse on a coded ground
         * @description Needs one of the roles: privacy_officer.
         */
        post: operations["refuse-request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/requests/{id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How far a request is
         * @description Open to everybody.
         */
        get: operations["request-status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/requests/{id}/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What other systems have to do
         * @description Needs one of the roles: privacy_officer, auditor.
         */
        get: operations["request-tasks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/requests/{id}/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record who asks
         * @description Needs one of the roles: privacy_officer.
         */
        post: operations["verify-request"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/tasks/{id}/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record that another system has done its part
         * @description Needs one of the roles: privacy_officer, client.
         */
        post: operations["acknowledge-task"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rights/tasks/{id}/except": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record why another system cannot
         * @description Needs one of the roles: privacy_officer.
         */
        post: operations["except-task"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/scenes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List scenes
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["list-scenes"];
        put?: never;
        /**
         * Add a scene, as a draft
         * @description Needs one of the roles: venue_owner, privacy_officer.
         */
        post: operations["add-scene"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/scenes/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One scene
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-scene"];
        /**
         * Change a scene; a new purpose needs a new assessment
         * @description Needs one of the roles: venue_owner, privacy_officer.
         */
        put: operations["edit-scene"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/scenes/{id}/assess": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rest a scene on an approved assessment
         * @description Needs one of the roles: privacy_officer.
         */
        post: operations["assess-scene"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/scenes/{id}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take an assessed or paused scene into use, if every condition holds
         * @description Needs one of the roles: privacy_officer, administrator.
         */
        post: operations["enable-scene"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/scenes/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of one scene
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["scene-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/scenes/{id}/legal-review": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Record counsel's review
         * @description Needs one of the roles: privacy_officer.
         */
        put: operations["review-scene"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/scenes/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mask everybody in a scene
         * @description Needs one of the roles: operator, venue_owner, inspector, consent_officer, privacy_officer, administrator.
         */
        post: operations["pause-scene"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/scenes/{id}/retire": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End a scene for good
         * @description Needs one of the roles: venue_owner, privacy_officer.
         */
        post: operations["retire-scene"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is signed in here, and how to sign in */
        get: operations["get-session"];
        put?: never;
        post?: never;
        /** Sign out */
        delete: operations["end-session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/signs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List signs
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["list-signs"];
        put?: never;
        /**
         * Add a sign; one that does not disclose what it must is refused
         * @description Needs one of the roles: venue_owner.
         */
        post: operations["add-sign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/signs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One sign
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-sign"];
        /**
         * Change a sign; its zone returns to signs_planned
         * @description Needs one of the roles: venue_owner.
         */
        put: operations["edit-sign"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/signs/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of one sign
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["sign-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/signs/{id}/remove": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record that a sign no longer stands; its zone is out of use at once
         * @description Needs one of the roles: operator, venue_owner, inspector, consent_officer, privacy_officer, administrator.
         */
        post: operations["remove-sign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sites": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List sites
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["list-sites"];
        put?: never;
        /**
         * Make the site of this installation
         * @description Needs one of the roles: venue_owner, administrator.
         */
        post: operations["add-site"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sites/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One site
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-site"];
        /**
         * Change the site
         * @description Needs one of the roles: venue_owner, administrator.
         */
        put: operations["edit-site"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sites/{id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End the site for good
         * @description Needs one of the roles: venue_owner, administrator.
         */
        post: operations["close-site"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sites/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of one site
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["site-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sites/{id}/terminate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Announce the site's end; the notice period begins
         * @description Needs one of the roles: venue_owner, administrator.
         */
        post: operations["terminate-site"];
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
    "/v1/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Compare one face with one other
         * @description Nothing of the pictures, the identity or the faces is kept. Sign the request with the headers X-Sign-Key, X-Sign-Version (hmac_sha256), X-Sign-Time, X-Sign-Nonce and X-Sign; see docs/verify.md.
         */
        post: operations["verify"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/verify/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Public keys to encrypt pictures for */
        get: operations["verify-keys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/zones": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List zones
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["list-zones"];
        put?: never;
        /**
         * Add a zone, as a draft
         * @description Needs one of the roles: venue_owner.
         */
        post: operations["add-zone"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/zones/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One zone
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["get-zone"];
        /**
         * Change a zone; it returns to signs_planned
         * @description Needs one of the roles: venue_owner.
         */
        put: operations["edit-zone"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/zones/{id}/coverage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which entrances lack what, and what runs out when
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["zone-coverage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/zones/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every version of one zone
         * @description Needs one of the roles: operator, venue_owner, inspector, auditor, consent_officer, privacy_officer, administrator.
         */
        get: operations["zone-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/zones/{id}/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take an inspected or suspended zone live, if every condition holds
         * @description Needs one of the roles: privacy_officer, administrator.
         */
        post: operations["zone-live"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/zones/{id}/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Declare the entrances and signs planned
         * @description Needs one of the roles: venue_owner.
         */
        post: operations["plan-zone-signs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/zones/{id}/retire": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End a zone for good
         * @description Needs one of the roles: venue_owner, administrator.
         */
        post: operations["retire-zone"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/zones/{id}/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a live zone out of use at once
         * @description Needs one of the roles: operator, venue_owner, inspector, consent_officer, privacy_officer, administrator.
         */
        post: operations["suspend-zone"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/z/{zone}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as a page, in English or Simplified Chinese: what a sign's QR code leads to */
        get: operations["zone-page"];
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
        ActAsInputBody: {
            /** @enum {string} */
            role: "operator" | "venue_owner" | "inspector" | "auditor" | "consent_officer" | "privacy_officer" | "administrator" | "kiosk" | "subject";
        };
        ActOnBody: {
            act: components["schemas"]["ConsentActBody"];
            /** Format: date-time */
            expires_at?: string;
            /** Format: uuid */
            guardian?: string;
        };
        AppealBody: {
            /** @description What is wrong with the refusal */
            text: string;
        };
        AskColumn: {
            name: string;
            type: string;
        };
        AskParam: {
            about: string;
            default?: string;
            name: string;
            required: boolean;
            type: string;
        };
        AskQuestion: {
            about: string;
            check: boolean;
            columns: components["schemas"]["AskColumn"][] | null;
            name: string;
            /** Format: int64 */
            number: number;
            params: components["schemas"]["AskParam"][] | null;
            title: string;
        };
        AssessSceneBody: {
            assessment: string;
            reason?: string;
        };
        AuditorCondition: {
            /**
             * Format: int64
             * @description Its place in gate_bits, from 0
             */
            bit: number;
            held: boolean;
            /** @description Whether this kind of event needs it */
            needed: boolean;
            /** @description In plain words, when it holds */
            text: string;
        };
        AuditorConfirmation: {
            /**
             * Format: int64
             * @description Distinct people who confirmed it
             */
            confirmed: number;
            event: string;
            /**
             * Format: int64
             * @description Distinct people who must agree; 0 for a person's own claim
             */
            needed: number;
            /** Format: int64 */
            rejected: number;
            /** @enum {string} */
            state: "open" | "confirmed" | "rejected" | "not_needed";
        };
        AuditorConsistencyProof: {
            /** Format: int64 */
            from: number;
            /** @description Consistency proof (RFC 6962), Base64 */
            hashes: string[];
            origin: string;
            /** Format: int64 */
            to: number;
        };
        AuditorEventView: {
            conditions: components["schemas"]["AuditorCondition"][];
            confirmation: components["schemas"]["AuditorConfirmation"];
            /** @description What the log says of notice, scene and zone at that moment: the answer to question 4 */
            in_force?: {
                [key: string]: unknown;
            };
            /** @description Base64 of the Ed25519 public key under which the chain's edge signs. Compare it with the one that you keep */
            key?: string;
            reviews: components["schemas"]["AuditorReview"][];
            /** @description The event in its JSON form, byte for byte as on the bus: what row_hash covers */
            row: string;
        };
        AuditorInclusionProof: {
            chain: string;
            /** @description Signed note */
            checkpoint: string;
            /** @description Audit path (RFC 6962), Base64 */
            hashes: string[];
            /** Format: int64 */
            index: number;
            /** @description The leaf's data, Base64; its hash is SHA-256 of a zero byte and the data */
            leaf: string;
            origin: string;
            row_hash: string;
            /** Format: int64 */
            seq: number;
            /** Format: int64 */
            size: number;
        };
        AuditorLogInfo: {
            chain: string;
            /**
             * Format: int64
             * @description Number of the chain in leaf 0
             */
            first: number;
            origin: string;
            /** @description Below it lie checkpoint and tile/ */
            path: string;
            /**
             * Format: int64
             * @description Leaves under the newest checkpoint
             */
            published: number;
            /**
             * Format: int64
             * @description Leaves entered
             */
            size: number;
            /** @description Verifier key for its checkpoints, as tools for signed notes read it */
            vkey: string;
            /** @description Whether the witness signed it */
            witnessed: boolean;
        };
        AuditorReview: {
            /** Format: date-time */
            at: string;
            /** @description The review's own id on the log */
            event: string;
            /** @description Hash of the account */
            reviewer_ref: string;
            /** @enum {string} */
            verdict: "confirmed" | "rejected";
        };
        AuditorVerifyLine: {
            /**
             * Format: date-time
             * @description When it was made
             */
            at?: string;
            /** @description Who had it made */
            by?: string;
            code?: string;
            detail?: string;
            /**
             * Format: int64
             * @description The number reached
             */
            last?: number;
            report?: components["schemas"]["VerifyReport"];
            /**
             * Format: int64
             * @description Numbers checked so far
             */
            rows?: number;
            /** @enum {string} */
            type: "progress" | "report" | "failed";
        };
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
        ChannelBodyBody: {
            desk: string;
            procedure: string;
        };
        CloseSiteBody: {
            /** @description Reference of the certificate of destruction */
            certificate: string;
            reason: string;
        };
        ConsentActBody: {
            /**
             * Format: date-time
             * @description Paper only: when it was signed
             */
            act_at?: string;
            /** @description Legal basis */
            basis?: string;
            /** @enum {string} */
            channel: "web" | "kiosk" | "paper" | "o2o";
            /** @description SHA-256 of that release, kept elsewhere */
            document_sha256?: string;
            /** @description In which the notice was shown */
            language?: string;
            /** @description Of the notice that was shown */
            notice_hash?: string;
            /** @description What the person operated: checkbox, slide, button, signature */
            widget: string;
            /** @description A signed or typed release exists */
            written?: boolean;
        };
        ConsentCensus: {
            /** Format: int64 */
            enrolled: number;
            /** Format: int64 */
            limit: number;
            state: string;
            task?: components["schemas"]["ConsentFilingTask"];
            /** Format: int64 */
            templates: number;
        };
        ConsentChoice: {
            purpose: string;
            required: boolean;
            selected: boolean;
            style: string;
            widgets: string[] | null;
            written: boolean;
        };
        ConsentComponent: {
            contract?: string;
            data: string[] | null;
            method: string;
            model?: string;
            module?: string;
            name: string;
            policy: string;
            provider: string;
            purpose: string;
            role: string;
            version: string;
        };
        ConsentComponentList: {
            components: components["schemas"]["ConsentComponent"][];
        };
        ConsentConsent: {
            act: components["schemas"]["PolicyAct"];
            /**
             * Format: date-time
             * @description Since when this state holds; the gate follows within seconds
             */
            changed_at: string;
            /** @description Of the o2o channel: shows this consent at a kiosk; told once */
            code?: string;
            enrollee: string;
            /** Format: date-time */
            expires_at: string;
            guardian?: string;
            id: string;
            notice_version: string;
            purpose: string;
            reason?: string;
            scenes: string[] | null;
            state: string;
            /** Format: int32 */
            version: number;
            zones: string[] | null;
        };
        ConsentConsentList: {
            consents: components["schemas"]["ConsentConsent"][];
        };
        ConsentCurrent: {
            /** @description Send it back with the act */
            hash: string;
            /** @description Absent where the site keeps its text elsewhere */
            notice?: components["schemas"]["ConsentNotice"];
            version: string;
        };
        ConsentDone: {
            done: boolean;
        };
        ConsentDraft: {
            scenes: string[] | null;
            supersedes?: string;
            texts: {
                [key: string]: components["schemas"]["ConsentText"];
            };
            version: string;
        };
        ConsentFilingTask: {
            /** Format: date-time */
            closed_at?: string;
            /** Format: date-time */
            due_at: string;
            id: string;
            kind: string;
            /** Format: date-time */
            opened_at: string;
            reference?: string;
        };
        ConsentFunctionData: {
            data: string[] | null;
            function: string;
        };
        ConsentGuardian: {
            actor: string;
            /** Format: date-time */
            at: string;
            enrollee: string;
            id: string;
            method: string;
            proof: string;
            relation: string;
            state: string;
            /** Format: int64 */
            version: number;
        };
        ConsentGuardianChannel: {
            actor: string;
            /** Format: date-time */
            at: string;
            desk: string;
            procedure: string;
            scene: string;
        };
        ConsentGuardianList: {
            guardians: components["schemas"]["ConsentGuardian"][];
        };
        ConsentHouse: {
            contact: string;
            controller: string;
            places: components["schemas"]["ConsentPlace"][] | null;
            profile: string;
            sample?: boolean;
        };
        ConsentImportReport: {
            /** Format: int64 */
            accepted: number;
            /** Format: date-time */
            at: string;
            id: string;
            /** Format: int64 */
            rejected: number;
            rows: components["schemas"]["ConsentImportResult"][] | null;
        };
        ConsentImportResult: {
            consent?: string;
            enrollee?: string;
            reasons?: components["schemas"]["ConsentRowReason"][] | null;
            /** Format: int64 */
            row: number;
            /** Format: int64 */
            status: number;
        };
        ConsentImportRow: {
            /** Format: date-time */
            act_at?: string;
            basis?: string;
            /** @description SHA-256 of the signed sheet */
            evidence_sha256?: string;
            /** Format: date-time */
            expires_at?: string;
            language?: string;
            notice_hash?: string;
            /** @description A mark that the rows of one person share; not kept */
            person?: string;
            purposes?: string[] | null;
            scenes?: string[] | null;
            under_14?: boolean;
            zones?: string[] | null;
        };
        ConsentIssued: {
            jws: string;
            receipt: unknown;
            /** Format: int32 */
            version: number;
        };
        ConsentKeySet: {
            keys: components["schemas"]["ConsentPublicKey"][];
        };
        ConsentMessage: {
            /** Format: date-time */
            created_at: string;
            enrollee: string;
            id: string;
            kind: string;
            object: string;
            /** Format: date-time */
            read_at?: string;
        };
        ConsentMessageList: {
            messages: components["schemas"]["ConsentMessage"][];
        };
        ConsentNotice: {
            approver?: string;
            author: string;
            components: components["schemas"]["ConsentComponent"][] | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            effective_from?: string;
            hash: string;
            /** Format: date-time */
            published_at?: string;
            /** Format: int64 */
            revision: number;
            scenes: string[] | null;
            state: string;
            supersedes?: string;
            text_hashes: {
                [key: string]: string;
            };
            texts: {
                [key: string]: components["schemas"]["ConsentText"];
            };
            version: string;
        };
        ConsentNoticeList: {
            notices: components["schemas"]["ConsentNotice"][];
        };
        ConsentOffer: {
            alternative: components["schemas"]["ConsentOtherWay"];
            /** @description Nothing is selected, nothing is required */
            choices: components["schemas"]["ConsentChoice"][] | null;
            notice: components["schemas"]["ConsentCurrent"];
            prompt: string;
            scene: string;
        };
        ConsentOtherWay: {
            equal_service: boolean;
            zones: components["schemas"]["ConsentWayOfZone"][] | null;
        };
        ConsentPerson: {
            /** Format: date-time */
            changed_at: string;
            choices?: components["schemas"]["ConsentSceneChoice"][] | null;
            consents?: components["schemas"]["ConsentConsent"][] | null;
            guardian?: string;
            id: string;
            objected: boolean;
            reason?: string;
            restricted: boolean;
            status: string;
            /** @enum {string} */
            under_14: "yes" | "no" | "unknown";
            /** Format: int32 */
            version: number;
        };
        ConsentPersonHistory: {
            versions: components["schemas"]["ConsentPerson"][];
        };
        ConsentPlace: {
            children: boolean;
            guardian?: components["schemas"]["ConsentGuardianChannel"];
            mode: string;
            notice?: string;
            purpose: string;
            records: boolean;
            scene: string;
            written: boolean;
            zones: components["schemas"]["ConsentWayOfZone"][] | null;
        };
        ConsentProof: {
            /** Format: date-time */
            at?: string;
            in_person?: boolean;
            method?: string;
            officer?: string;
            photo_compared?: boolean;
        };
        ConsentPublicKey: {
            alg: string;
            crv: string;
            kid: string;
            kty: string;
            use: string;
            x: string;
        };
        ConsentQuality: {
            /** Format: float */
            light: number;
            /** Format: float */
            pose: number;
            /** Format: float */
            sharp: number;
            /** Format: float */
            size: number;
        };
        ConsentReceiptCode: {
            code: string;
            /** Format: date-time */
            expires_at: string;
        };
        ConsentRowReason: {
            code: string;
            object?: string;
            text: string;
        };
        ConsentSceneChoice: {
            consent: string;
            purpose: string;
            scene: string;
            /** Format: date-time */
            since: string;
            state: string;
        };
        ConsentSession: {
            again: boolean;
            /** Format: float */
            best_quality: number;
            channel: string;
            /** Format: date-time */
            created_at: string;
            created_by: string;
            enrollee: string;
            /** Format: date-time */
            expires_at: string;
            id: string;
            photos: {
                [key: string]: number;
            };
            proof?: components["schemas"]["ConsentProof"];
            scenes: string[] | null;
            state: string;
            zones: string[] | null;
        };
        ConsentSessionList: {
            sessions: components["schemas"]["ConsentSession"][];
        };
        ConsentTaken: {
            kept: boolean;
            outcome: string;
            quality: components["schemas"]["ConsentQuality"];
            session: components["schemas"]["ConsentSession"];
            /** Format: int64 */
            templates: number;
        };
        ConsentText: {
            alternative: string;
            contact: string;
            controller: string;
            impact: string;
            kinds: components["schemas"]["ConsentFunctionData"][] | null;
            legal_extras?: string;
            method: string;
            necessity: string;
            purpose: string;
            retention: string;
            rights_procedure: string;
            title: string;
            withdrawal: string;
        };
        ConsentWayOfZone: {
            description: string;
            kind: string;
            zone: string;
        };
        ContactOutBody: {
            contact: string;
        };
        DecisionBody: {
            /** @description Why; kept with the decision */
            reason: string;
        };
        DeclineBodyBody: {
            /** @description Without: all that were asked for */
            purposes?: string[] | null;
        };
        EditAssessmentBody: {
            /** @description How those under 14 are treated */
            child_rules: string;
            /** @description Who was heard; needed when the outcome is unclear */
            consultations?: string[] | null;
            /** @description On children, minorities and sensitive areas */
            effects: string;
            /** @description Why recognition is needed here, and nothing milder does */
            necessity: string;
            /** @enum {string} */
            outcome: "approved" | "rejected" | "unclear";
            reason?: string;
            scene: string;
            /** Format: date-time */
            valid_until: string;
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
        ExitCertifyBody: {
            certificates: string[] | null;
            reason: string;
        };
        ExitDoneBody: {
            /** @description Reference of what proves it */
            proof?: string;
            reason: string;
        };
        ExtendBody: {
            /** Format: date-time */
            deadline: string;
            reason: string;
        };
        FilingBody: {
            /** @description Number of the filing */
            reference: string;
        };
        FulfilBody: {
            /** @description What was done, for the person */
            outcome: string;
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
        HistoryOutBody: {
            /** @description Oldest first */
            versions: components["schemas"]["RightsRequest"][];
        };
        KeysOutBody: {
            keys: components["schemas"]["VerifyPublicKey"][] | null;
        };
        ListOutBody: {
            requests: components["schemas"]["RightsStatus"][];
        };
        LogsOutputBody: {
            logs: components["schemas"]["AuditorLogInfo"][];
        };
        LookupBody: {
            code: string;
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
        NewAssessmentBody: {
            /** @description How those under 14 are treated */
            child_rules: string;
            /** @description Who was heard; needed when the outcome is unclear */
            consultations?: string[] | null;
            /** @description On children, minorities and sensitive areas */
            effects: string;
            /** @description Why recognition is needed here, and nothing milder does */
            necessity: string;
            /** @enum {string} */
            outcome: "approved" | "rejected" | "unclear";
            reason?: string;
            scene: string;
            /** Format: date-time */
            valid_until: string;
        };
        NewComponentBody: {
            contract?: string;
            /** @description Personal data it touches; empty for none */
            data: string;
            enabled?: boolean;
            id: string;
            method: string;
            name: string;
            policy_link: string;
            provider: string;
            purpose: string;
            reason?: string;
            release: string;
            /** Format: date-time */
            review_by?: string;
            /** @enum {string} */
            role: "library" | "processor" | "joint_controller" | "recipient";
            terms_link?: string;
        };
        NewConsentBody: {
            act: components["schemas"]["ConsentActBody"];
            /** Format: uuid */
            enrollee: string;
            /** Format: date-time */
            expires_at?: string;
            /** Format: uuid */
            guardian?: string;
            /** @description One; more are refused as BUNDLED */
            purposes: string[] | null;
            scenes: string[] | null;
            zones: string[] | null;
        };
        NewEntranceBody: {
            id: string;
            name?: string;
            /** @description In metres on the floor plan; needed before signs are planned */
            position?: number[];
            reason?: string;
            zone: string;
        };
        NewExitBody: {
            /** @description At least one of each list */
            items: components["schemas"]["ZonesExitItem"][] | null;
            reason?: string;
        };
        NewGuardianBody: {
            /** Format: uuid */
            enrollee: string;
            /** @enum {string} */
            method: "identity_document" | "household_register" | "court_document" | "member_record" | "known_in_person";
            /** @description SHA-256 of the document that was seen; the document is not kept */
            proof_sha256: string;
            /** @enum {string} */
            relation: "mother" | "father" | "legal_guardian" | "other";
        };
        NewImportBody: {
            rows: components["schemas"]["ConsentImportRow"][] | null;
        };
        NewIncidentBody: {
            /** @enum {string} */
            class: "personal_data_breach" | "security" | "availability" | "misuse" | "other";
            /** @description An exercise; its timers run like a real one's */
            drill?: boolean;
            /**
             * Format: date-time
             * @description Left out: now
             */
            found_at?: string;
            /** @description What was found */
            reason: string;
        };
        NewInspectionBody: {
            findings?: string;
            passed: boolean;
            /** @description Entrance to the id of an uploaded photograph */
            photos?: {
                [key: string]: string;
            };
            /**
             * Format: date-time
             * @description 180 days at most, which is the default
             */
            valid_until?: string;
            zone: string;
        };
        NewPlanBody: {
            /** Format: float */
            depth_m: number;
            id: string;
            name: string;
            /** @description Id of an uploaded photograph of the drawing; it fills the plan */
            picture?: string;
            reason?: string;
            /** @description Lines, each from one place to another, in metres */
            walls?: ((number[] | null)[] | null)[] | null;
            /** Format: float */
            width_m: number;
        };
        NewSceneBody: {
            /** @description Enrollees under 14, with a guardian */
            children?: boolean;
            /** @enum {string} */
            coverage?: "head" | "person";
            /** @description Entering the zone is itself a recorded act of consent */
            entry_is_consent?: boolean;
            /** @description The statutory recorder exists outside this system */
            external_recorder?: boolean;
            guardian_channel?: string;
            /** @description Also the verify_id of the 1:1 interface */
            id: string;
            /** @description Live viewers may see clear whoever consented to it */
            live_clear?: boolean;
            /** Format: float */
            margin?: number;
            /**
             * @description Left out: what the profile starts in
             * @enum {string}
             */
            mode?: "zone" | "claim";
            /** @description Notice version in force */
            notice?: string;
            /** @description Liveness is demanded of a match */
            pad?: boolean;
            /** @enum {string} */
            purpose: "access_control" | "public_security" | "event_participation" | "demonstration";
            /** Format: float */
            quality?: number;
            reason?: string;
            /** @description Recordings may show clear whoever consented to it in writing */
            record_clear?: boolean;
            /** @description Its cameras record */
            records?: boolean;
            /** @description Where the retention policy is published */
            retention_policy?: string;
            /**
             * Format: float
             * @description Stricter threshold; 0 takes the validated one
             */
            score?: number;
            /** @description Every person compared gave a separate consent */
            separate_consent?: boolean;
        };
        NewSessionBody: {
            /** @enum {string} */
            channel: "web" | "kiosk" | "paper" | "o2o";
            /**
             * Format: uuid
             * @description To enrol again
             */
            enrollee?: string;
            scenes: string[] | null;
            /**
             * Format: date-time
             * @description Needed of a child: the day on which it turns 14
             */
            turns_14?: string;
            /** @description Needed of somebody new */
            under_14?: boolean;
            zones: string[] | null;
        };
        NewSignBody: {
            entrance: string;
            id: string;
            /** @enum {string} */
            kind: "monitoring" | "face_recognition" | "entrance_notice" | "floor_marking";
            photo?: string;
            /** @description In metres on the floor plan */
            position: number[] | null;
            reason?: string;
            /** @description What it discloses; a floor marking has none */
            text?: components["schemas"]["SitestoreSignText"];
            /** @description The same in further languages, by language tag such as zh-CN; each must disclose as much */
            translations?: {
                [key: string]: components["schemas"]["SitestoreSignText"];
            };
            /**
             * Format: date-time
             * @description When it is taken down
             */
            valid_until?: string;
            zone: string;
        };
        NewSiteBody: {
            contact: string;
            id: string;
            /** @description The controller */
            name: string;
            /**
             * @description Jurisdiction profile
             * @enum {string}
             */
            profile: "default" | "cn" | "eu" | "us-il";
            reason?: string;
        };
        NewZoneBody: {
            /** @description The way through without face recognition */
            alternative?: components["schemas"]["SitestoreAlternative"];
            camera: string;
            /** @description Corners on the floor plan, in metres */
            floor?: (number[] | null)[] | null;
            id: string;
            /** @enum {string} */
            kind: "recognition" | "signage" | "prohibited" | "privacy";
            /** @description Corners in parts of the picture, 0 to 1; simple, and enclosing some area */
            outline: (number[] | null)[] | null;
            plan?: string;
            reason?: string;
            /** @description Of a recognition zone */
            scene?: string;
        };
        Notice: {
            /** @description Stable code, such as NO_MODEL */
            code: string;
            /** @enum {string} */
            level: "error" | "warning" | "info";
            /** @description Plain words */
            text: string;
        };
        PolicyAct: {
            /** Format: date-time */
            at: string;
            basis: string;
            channel: string;
            evidence?: string;
            language?: string;
            note?: string;
            notice_hash: string;
            recorded_by: string;
            text_hash?: string;
            widget?: string;
            written: boolean;
        };
        ProblemProblem: {
            /** @description Stable code of the trouble, such as IDENTITY_UNVERIFIED */
            code?: string;
            detail?: string;
            errors?: components["schemas"]["ErrorDetail"][] | null;
            /** @description With 409: what is not met */
            reasons?: components["schemas"]["ProblemReason"][] | null;
            request_id: string;
            /** Format: int64 */
            status: number;
            title: string;
            type: string;
        };
        ProblemReason: {
            /** @description Stable, such as SIGN_MISSING */
            code: string;
            /** @description What it is about, such as an entrance */
            object?: string;
            /** @description In plain words, with the way out */
            text: string;
        };
        PromptBodyBody: {
            /** @enum {string} */
            channel: "web" | "kiosk" | "paper" | "o2o";
            /** @description An enrollee's id, or a random value that the page keeps; only its hash is stored */
            party: string;
            /** @description Without: match, appear_live, appear_recorded */
            purposes?: string[] | null;
            scene: string;
        };
        ProofBodyBody: {
            in_person: boolean;
            /** @enum {string} */
            method: "identity_document" | "household_register" | "court_document" | "member_record" | "known_in_person";
            /** @description Kept in the identity vault, apart from everything else */
            name: string;
            /** @description A photograph brought along was compared with the person */
            photo_compared?: boolean;
        };
        PublishingBody: {
            /**
             * Format: date-time
             * @description Without: seven days from now
             */
            effective_from?: string;
            /** Format: int64 */
            revision: number;
        };
        PullBody: {
            /** @description Why; kept with the decision */
            reason: string;
        };
        QuestionsOutputBody: {
            questions: components["schemas"]["AskQuestion"][];
        };
        Reason: {
            code: string;
            text: string;
        };
        ReasonBody: {
            reason?: string;
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
        RefusalBody: {
            /** @description Where the person can appeal */
            appeal: string;
            /** @description With IMPRACTICAL: the certificate of key destruction */
            evidence?: string;
            /** @enum {string} */
            ground: "UNLAWFUL" | "REPETITIVE" | "DISPROPORTIONATE" | "HARMS_OTHERS" | "IMPRACTICAL" | "UNIDENTIFIED";
            /** @description For the person */
            text: string;
        };
        ReportIncidentBody: {
            reason: string;
            /** @description What was said; without names */
            text: string;
            /** @enum {string} */
            to: "authority" | "people" | "management";
        };
        ReviewInputBody: {
            /** @enum {string} */
            verdict: "confirmed" | "rejected";
        };
        ReviewSceneBody: {
            /** Format: date-time */
            date: string;
            reason?: string;
            /** @description Counsel who reviewed the whole flow */
            reviewer: string;
        };
        RightsForwarded: {
            component: string;
            data_scope: string;
            /** @description By when the sender must answer, as a date */
            deadline: string;
            help_sought: string;
            /** @enum {string} */
            language: "en" | "zh-CN";
            product: string;
            proof_of_contract: string;
            proof_of_entity: string;
            proof_of_identity: string;
            /** @description By which the data can be found */
            request_id: string;
            /** @enum {string} */
            right: "access" | "copy" | "transfer" | "correct" | "supplement" | "erase" | "withdraw" | "cancel_account" | "restrict" | "object" | "explain" | "refuse_automated" | "confidentiality" | "deceased_kin";
            /** @description Who passes it on, and how to reach them */
            sender: string;
            title: string;
        };
        RightsReceipt: {
            /** Format: date-time */
            deadline: string;
            /** Format: date-time */
            received: string;
            request_id: string;
        };
        RightsRequest: {
            /** Format: date-time */
            acknowledged?: string;
            appeal?: string;
            /** Format: date-time */
            changed_at: string;
            changed_by: string;
            /** Format: date-time */
            deadline: string;
            enrollee?: string;
            evidence?: string;
            extended?: string;
            ground?: string;
            language: string;
            outcome?: string;
            reason?: string;
            /** Format: date-time */
            received: string;
            request_id: string;
            state: string;
            text?: string;
            type: string;
            /** Format: date-time */
            verified_at?: string;
            verified_by?: string;
            /** Format: int32 */
            version: number;
        };
        RightsStatus: {
            /** Format: date-time */
            acknowledged?: string;
            /** @description Where to turn */
            appeal?: string;
            /** Format: date-time */
            deadline: string;
            /** @description Why the deadline was moved */
            extended?: string;
            /** @description Why it was refused */
            ground?: string;
            outcome?: string;
            /** Format: date-time */
            received: string;
            request_id: string;
            /** @enum {string} */
            state: "received" | "identity_verified" | "in_progress" | "fulfilled" | "refused" | "appealed";
            type: string;
        };
        RightsTask: {
            /** Format: date-time */
            acknowledged?: string;
            action: string;
            /** Format: int64 */
            attempts: number;
            by?: string;
            connector: string;
            /** Format: date-time */
            due: string;
            exception?: string;
            /** Format: date-time */
            next_try?: string;
            request_id: string;
            task: string;
            trouble?: string;
        };
        SessionAnswer: {
            /** @description Send it back as X-Bystander-CSRF with every POST, PUT, PATCH and DELETE; empty when not needed */
            csrf: string;
            /** @description Whether this is a demonstration, where POST /v1/demo/act-as works */
            demo: boolean;
            /** @description Of a subject: the enrolled person that they are */
            enrollee: string;
            /**
             * Format: date-time
             * @description When the session ends unless it is used
             */
            expires?: string;
            /** @description The account's id; empty when nobody is signed in */
            id: string;
            /** @description Whether somebody acts here who holds roles */
            known: boolean;
            /** @description What colleagues see */
            name: string;
            roles: string[];
            second_factor: components["schemas"]["SessionFactor"];
            sign_in: components["schemas"]["SessionWays"];
            /**
             * @description How they proved who they are; local: nobody has to on this machine
             * @enum {string}
             */
            via: "" | "session" | "token" | "local";
        };
        SessionFactor: {
            /** @description Whether the account has one */
            enrolled: boolean;
            /** @description Whether it has to be given, or set up, before anything else */
            needed: boolean;
        };
        SessionProvider: {
            id: string;
            label: string;
        };
        SessionWays: {
            oidc: components["schemas"]["SessionProvider"][];
            /** @description Not at an IP address: browsers bind passkeys to names */
            passkey: boolean;
            password: boolean;
            /** @description Whether anybody has to sign in at all */
            required: boolean;
            /** @description Whether there is no administrator yet: open the link that the program printed at its start */
            setup: boolean;
        };
        SiteRef: {
            id: string;
            name: string;
            /** @description A sample site: its zones, signs and consents are made up, so it may not be used on the public */
            sample: boolean;
        };
        SitestoreAlternative: {
            description: string;
            /** @enum {string} */
            kind: "staffed" | "card" | "password";
        };
        SitestoreChecklist: {
            /** Format: date-time */
            acknowledged?: string;
            /** @description Reference of the signed paper */
            id?: string;
            /** @description Who installed and acknowledged the briefing */
            installer?: string;
            /** @description Ids of uploaded photographs */
            photos?: string[] | null;
            signed_by?: string;
        };
        SitestoreEntranceCoverage: {
            entrance: string;
            /** @description Codes such as SIGN_MISSING, SIGN_PAIR, INSPECTION_PHOTO */
            lacks: string[] | null;
            /** @description Its place on the plan is known */
            planned: boolean;
            signs: string[] | null;
        };
        SitestoreExitItem: {
            /** Format: date-time */
            done_at?: string;
            done_by?: string;
            id: string;
            /** @enum {string} */
            list: "dismantling" | "network" | "disposal" | "alternatives";
            proof?: string;
            text: string;
        };
        SitestoreIncidentReport: {
            /** Format: date-time */
            at: string;
            text: string;
            /** @description Whom: authority, people concerned, management */
            to: string;
        };
        SitestorePlacement: {
            /**
             * Format: float
             * @description Horizontal field of view, in degrees
             */
            angle: number;
            /**
             * Format: float
             * @description In degrees, clockwise on the plan; 0 looks along its width, to the right
             */
            direction: number;
            plan: string;
            /** @description In metres on the plan */
            position: number[] | null;
            /**
             * Format: float
             * @description How far faces can be told, in metres
             */
            reach: number;
        };
        SitestoreReview: {
            /** Format: date-time */
            date: string;
            reviewer: string;
        };
        SitestoreRunsOut: {
            /** Format: date-time */
            at: string;
            id: string;
            /** @enum {string} */
            what: "inspection" | "sign" | "assessment" | "filing";
        };
        SitestoreSignText: {
            alternative?: string;
            contact?: string;
            controller?: string;
            function?: string;
            notice_link?: string;
            purpose?: string;
            retention?: string;
            rights_link?: string;
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
        SubmitBody: {
            /** @description Where the answer should go */
            contact: string;
            /** @enum {string} */
            language: "en" | "zh-CN";
            /** @description In your own words */
            text?: string;
            /** @enum {string} */
            type: "access" | "copy" | "transfer" | "correct" | "supplement" | "erase" | "withdraw" | "cancel_account" | "restrict" | "object" | "explain" | "refuse_automated" | "confidentiality" | "deceased_kin";
        };
        Switch: {
            /** @description Why it is off, such as NO_SITE */
            code?: string;
            on: boolean;
            /** @description The same in plain words */
            reason?: string;
        };
        TasksOutBody: {
            tasks: components["schemas"]["RightsTask"][];
        };
        VerifyAnswer: {
            /** @description As it was sent */
            biz_no?: string;
            /** Format: int64 */
            comparison_type: number;
            /** Format: int64 */
            data_type: number;
            /**
             * Format: float
             * @description Of the poorer picture, 0 to 1
             */
            quality: number;
            /**
             * Format: uuid
             * @description Names this call in the log; also in X-Request-Id
             */
            request_id: string;
            /** @enum {string} */
            result: "same" | "different";
            /**
             * Format: float
             * @description Cosine of the two faces, −1 to 1
             */
            score: number;
            /** @description The picture is the person's own, not taken live; no template can be made from it without a check in person */
            self_supplied: boolean;
            /**
             * Format: float
             * @description From which on the result is same
             */
            threshold: number;
            /** @description Scores that a comparison of two different people reaches with the named probability */
            thresholds: {
                [key: string]: number;
            };
            verify_id: string;
        };
        VerifyBody: {
            /** @description Who they are; empty when they are not enrolled here */
            enrollee: string;
            /** @description What was shown, without its number */
            reason: string;
            /** @enum {string} */
            verified_by: "in_person" | "receipt" | "kin_proof";
        };
        VerifyFinding: {
            code: string;
            /** Format: int64 */
            seq: number;
            text: string;
            /** Format: int64 */
            to?: number;
        };
        VerifyGap: {
            event?: string;
            /** Format: int64 */
            from: number;
            rule: string;
            /** Format: int64 */
            to: number;
        };
        VerifyInputBody: {
            /** @description The chain's id; GET /v1/audit/logs lists them */
            chain: string;
            /**
             * Format: int64
             * @description First number; the chain's first when left out
             */
            from?: number;
            /** @description As with the questions */
            purpose: string;
            /**
             * Format: int64
             * @description Last number; the chain's last when left out
             */
            to?: number;
        };
        VerifyPublicKey: {
            /**
             * Format: int64
             * @description 1: SM2, 2: RSA-OAEP with SHA-256
             * @enum {integer}
             */
            encryption_type: 1 | 2;
            /** @description Public key, PKIX, DER, in base64 */
            key: string;
        };
        VerifyReport: {
            chain: string;
            /** Format: int64 */
            checkpoints: number;
            /** Format: int64 */
            disposed: number;
            /** Format: int64 */
            elapsed_ns: number;
            findings?: components["schemas"]["VerifyFinding"][] | null;
            /** Format: int64 */
            first: number;
            gaps?: components["schemas"]["VerifyGap"][] | null;
            intact: boolean;
            /** Format: int64 */
            last: number;
            /** Format: int64 */
            logged: number;
            notes?: string[] | null;
            /** Format: int64 */
            rows: number;
        };
        ZoneRef: {
            id: string;
            /** @enum {string} */
            kind: "signage" | "recognition" | "prohibited";
            name: string;
            /** @enum {string} */
            state: "draft" | "signs_planned" | "inspected" | "live" | "suspended" | "retired";
        };
        ZonesAssessment: {
            approved: boolean;
            /** Format: date-time */
            approved_at?: string;
            approved_by?: string;
            assessor: string;
            /** Format: date-time */
            at: string;
            /** @description The account that made this version */
            author: string;
            /** @description How those under 14 are treated */
            child_rules: string;
            /** @description Who was heard; needed when the outcome is unclear */
            consultations?: string[] | null;
            /** @description On children, minorities and sensitive areas */
            effects: string;
            id: string;
            /** @description Why recognition is needed here, and nothing milder does */
            necessity: string;
            /** @enum {string} */
            outcome: "approved" | "rejected" | "unclear";
            /** @description Why */
            reason: string;
            scene: string;
            scope_hash: string;
            /** Format: date-time */
            valid_until: string;
            /**
             * Format: int32
             * @description Counts from 1 with every change; send it as If-Match
             */
            version: number;
        };
        ZonesCameraEdit: {
            checklist?: components["schemas"]["ZonesChecklist"];
            /** @description Private spaces are refused with 422 PROHIBITED_PLACE */
            place_type: string;
            /** @description Where it hangs on a floor plan */
            placement?: components["schemas"]["SitestorePlacement"];
            /** @description Outlines filled before anything looks, in parts of the picture */
            private?: ((number[] | null)[] | null)[] | null;
            reason?: string;
        };
        ZonesCameraPolicy: {
            /** Format: date-time */
            at: string;
            /** @description The account that made this version */
            author: string;
            checklist?: components["schemas"]["SitestoreChecklist"];
            id: string;
            /** @description Such as lobby or gate; private spaces are refused */
            place_type: string;
            placement?: components["schemas"]["SitestorePlacement"];
            pose?: string;
            /** @description From an imported file: the pose is taken as calibrated without looking */
            pose_assumed?: boolean;
            /** @description Outlines that are filled before anything looks, in parts of the picture */
            private?: ((number[] | null)[] | null)[] | null;
            /** @description Why */
            reason: string;
            /**
             * Format: int32
             * @description Counts from 1 with every change; send it as If-Match
             */
            version: number;
        };
        ZonesChecklist: {
            /** Format: date-time */
            acknowledged?: string;
            id: string;
            installer?: string;
            photos?: string[] | null;
            signed_by: string;
        };
        ZonesComponent: {
            /** Format: date-time */
            at: string;
            /** @description The account that made this version */
            author: string;
            /** @description A processor cannot be enabled without */
            contract?: string;
            /** @description Personal data it touches; empty for none */
            data: string;
            enabled: boolean;
            id: string;
            method: string;
            name: string;
            policy_link: string;
            provider: string;
            purpose: string;
            /** @description Why */
            reason: string;
            release: string;
            /** Format: date-time */
            review_by?: string;
            /** @enum {string} */
            role: "library" | "processor" | "joint_controller" | "recipient";
            terms_link?: string;
            /**
             * Format: int32
             * @description Counts from 1 with every change; send it as If-Match
             */
            version: number;
        };
        ZonesComponentEdit: {
            contract?: string;
            /** @description Personal data it touches; empty for none */
            data: string;
            enabled?: boolean;
            method: string;
            name: string;
            policy_link: string;
            provider: string;
            purpose: string;
            reason?: string;
            release: string;
            /** Format: date-time */
            review_by?: string;
            /** @enum {string} */
            role: "library" | "processor" | "joint_controller" | "recipient";
            terms_link?: string;
        };
        ZonesCoverage: {
            entrances: components["schemas"]["SitestoreEntranceCoverage"][] | null;
            /** @description What keeps it from being live now */
            reasons: components["schemas"]["ProblemReason"][];
            /** @description Soonest first */
            runs_out: components["schemas"]["SitestoreRunsOut"][] | null;
            state: string;
            zone: string;
        };
        ZonesDone: {
            done: boolean;
        };
        ZonesEntrance: {
            /** Format: date-time */
            at: string;
            /** @description The account that made this version */
            author: string;
            id: string;
            name?: string;
            /** @description In metres on the zone's floor plan; needed before signs are planned */
            position?: number[];
            /** @description Why */
            reason: string;
            removed?: boolean;
            /**
             * Format: int32
             * @description Counts from 1 with every change; send it as If-Match
             */
            version: number;
            zone: string;
        };
        ZonesEntranceEdit: {
            name?: string;
            /** @description In metres on the floor plan; needed before signs are planned */
            position?: number[];
            reason?: string;
            zone: string;
        };
        ZonesExitItem: {
            id: string;
            /** @enum {string} */
            list: "dismantling" | "network" | "disposal" | "alternatives";
            text: string;
        };
        ZonesExitPlan: {
            /** Format: date-time */
            at: string;
            /** @description The account that made this version */
            author: string;
            certificates?: string[] | null;
            certified_by?: string;
            id: string;
            items: components["schemas"]["SitestoreExitItem"][] | null;
            planner: string;
            /** @description Why */
            reason: string;
            /** @enum {string} */
            state: "planned" | "executing" | "certified";
            /**
             * Format: int32
             * @description Counts from 1 with every change; send it as If-Match
             */
            version: number;
        };
        ZonesFiling: {
            /** Format: date-time */
            at: string;
            /** @description The account that made this version */
            author: string;
            authority: string;
            /** Format: date-time */
            due?: string;
            id: string;
            number?: string;
            /** @description Why */
            reason: string;
            /** @description Left out: it covers every scene of the site */
            scene?: string;
            /** @enum {string} */
            status: "planned" | "filed" | "approved" | "cancelled";
            type: string;
            /** Format: date-time */
            valid_until?: string;
            /**
             * Format: int32
             * @description Counts from 1 with every change; send it as If-Match
             */
            version: number;
        };
        ZonesFilingEdit: {
            authority: string;
            /** Format: date-time */
            due?: string;
            number?: string;
            reason?: string;
            /** @description Left out: it covers every scene of the site */
            scene?: string;
            /** @enum {string} */
            status: "planned" | "filed" | "approved" | "cancelled";
            /** @description As the profile names it, such as mlps_grading */
            type: string;
            /** Format: date-time */
            valid_until?: string;
        };
        ZonesFloorPlan: {
            /** Format: date-time */
            at: string;
            /** @description The account that made this version */
            author: string;
            /** Format: float */
            depth_m: number;
            id: string;
            name: string;
            /** @description Id of an uploaded photograph of the drawing; it fills the plan */
            picture?: string;
            /** @description Why */
            reason: string;
            removed?: boolean;
            /**
             * Format: int32
             * @description Counts from 1 with every change; send it as If-Match
             */
            version: number;
            walls?: ((number[] | null)[] | null)[] | null;
            /** Format: float */
            width_m: number;
        };
        ZonesIncident: {
            /** Format: date-time */
            at: string;
            /** @description The account that made this version */
            author: string;
            /**
             * Format: date-time
             * @description When the authority was told
             */
            authority_at?: string;
            /** @enum {string} */
            class: "personal_data_breach" | "security" | "availability" | "misuse" | "other";
            /** Format: date-time */
            closed_at?: string;
            /** Format: date-time */
            contained_at?: string;
            drill: boolean;
            /** Format: date-time */
            found_at: string;
            id: string;
            /** @description Timers that ran out: contain_1h, report_4h, authority_72h */
            overdue?: string[] | null;
            /** @description Why */
            reason: string;
            /** Format: date-time */
            reported_at?: string;
            reports?: components["schemas"]["SitestoreIncidentReport"][] | null;
            /** @enum {string} */
            state: "open" | "contained" | "reported" | "closed";
            /**
             * Format: int32
             * @description Counts from 1 with every change; send it as If-Match
             */
            version: number;
        };
        ZonesInspection: {
            /** Format: date-time */
            at: string;
            /** @description The account that made this version */
            author: string;
            /** Format: date-time */
            date: string;
            findings?: string;
            id: string;
            inspector: string;
            passed: boolean;
            /** @description Entrance to photograph */
            photos: {
                [key: string]: string;
            };
            planners: string[] | null;
            /** @description Why */
            reason: string;
            sign_set_hash: string;
            /** Format: date-time */
            valid_until: string;
            /**
             * Format: int32
             * @description Counts from 1 with every change; send it as If-Match
             */
            version: number;
            zone: string;
            /** Format: int32 */
            zone_version: number;
        };
        ZonesNoticeRef: {
            /** Format: date-time */
            effective_from: string;
            languages: string[] | null;
            /** @description By language */
            links?: {
                [key: string]: string;
            };
            /** @description Of the published text */
            sha256: string;
            version: string;
        };
        ZonesPageAssessment: {
            items: components["schemas"]["ZonesAssessment"][];
            /** @description Give it as after= for the next page; empty on the last */
            next?: string;
        };
        ZonesPageCameraPolicy: {
            items: components["schemas"]["ZonesCameraPolicy"][];
            /** @description Give it as after= for the next page; empty on the last */
            next?: string;
        };
        ZonesPageComponent: {
            items: components["schemas"]["ZonesComponent"][];
            /** @description Give it as after= for the next page; empty on the last */
            next?: string;
        };
        ZonesPageEntrance: {
            items: components["schemas"]["ZonesEntrance"][];
            /** @description Give it as after= for the next page; empty on the last */
            next?: string;
        };
        ZonesPageExitPlan: {
            items: components["schemas"]["ZonesExitPlan"][];
            /** @description Give it as after= for the next page; empty on the last */
            next?: string;
        };
        ZonesPageFiling: {
            items: components["schemas"]["ZonesFiling"][];
            /** @description Give it as after= for the next page; empty on the last */
            next?: string;
        };
        ZonesPageFloorPlan: {
            items: components["schemas"]["ZonesFloorPlan"][];
            /** @description Give it as after= for the next page; empty on the last */
            next?: string;
        };
        ZonesPageIncident: {
            items: components["schemas"]["ZonesIncident"][];
            /** @description Give it as after= for the next page; empty on the last */
            next?: string;
        };
        ZonesPageInspection: {
            items: components["schemas"]["ZonesInspection"][];
            /** @description Give it as after= for the next page; empty on the last */
            next?: string;
        };
        ZonesPageScene: {
            items: components["schemas"]["ZonesScene"][];
            /** @description Give it as after= for the next page; empty on the last */
            next?: string;
        };
        ZonesPageSign: {
            items: components["schemas"]["ZonesSign"][];
            /** @description Give it as after= for the next page; empty on the last */
            next?: string;
        };
        ZonesPageSite: {
            items: components["schemas"]["ZonesSite"][];
            /** @description Give it as after= for the next page; empty on the last */
            next?: string;
        };
        ZonesPageZone: {
            items: components["schemas"]["ZonesZone"][];
            /** @description Give it as after= for the next page; empty on the last */
            next?: string;
        };
        ZonesPhoto: {
            /** Format: date-time */
            at: string;
            by: string;
            /** Format: int64 */
            bytes: number;
            id: string;
            /**
             * Format: int64
             * @description Faces that were covered before it was stored
             */
            masked: number;
        };
        ZonesPlanEdit: {
            /** Format: float */
            depth_m: number;
            name: string;
            /** @description Id of an uploaded photograph of the drawing; it fills the plan */
            picture?: string;
            reason?: string;
            /** @description Lines, each from one place to another, in metres */
            walls?: ((number[] | null)[] | null)[] | null;
            /** Format: float */
            width_m: number;
        };
        ZonesPublicZone: {
            /** @description Whether faces of enrolled people are recognised here now */
            active: boolean;
            alternative: string;
            contact: string;
            controller: string;
            function: string;
            id: string;
            /** Format: date-time */
            inspected?: string;
            /** Format: date-time */
            inspected_until?: string;
            /** @enum {string} */
            mode?: "zone" | "claim";
            notice?: components["schemas"]["ZonesNoticeRef"];
            purpose: string;
            /** @description Pictures are recorded, with everybody masked who did not agree in writing */
            records: boolean;
            retention: string;
            rights_link: string;
            sample?: boolean;
            /** @enum {string} */
            state: "draft" | "signs_planned" | "inspected" | "live" | "suspended" | "retired";
        };
        ZonesScene: {
            approver?: string;
            assessment?: string;
            /** Format: date-time */
            at: string;
            /** @description The account that made this version */
            author: string;
            /** @description Enrollees under 14, with a guardian */
            children?: boolean;
            /** @enum {string} */
            coverage?: "head" | "person";
            /** @description Why it is in this state */
            decision?: string;
            editors: string[] | null;
            /** @description Entering the zone is itself a recorded act of consent */
            entry_is_consent?: boolean;
            /** @description The statutory recorder exists outside this system */
            external_recorder?: boolean;
            guardian_channel?: string;
            id: string;
            legal_review?: components["schemas"]["SitestoreReview"];
            /** @description Live viewers may see clear whoever consented to it */
            live_clear?: boolean;
            /** Format: float */
            margin?: number;
            /**
             * @description Left out: what the profile starts in
             * @enum {string}
             */
            mode?: "zone" | "claim";
            /** @description Notice version in force */
            notice?: string;
            /** @description Liveness is demanded of a match */
            pad?: boolean;
            /** @enum {string} */
            purpose: "access_control" | "public_security" | "event_participation" | "demonstration";
            /** Format: float */
            quality?: number;
            /** @description Why */
            reason: string;
            /** @description Recordings may show clear whoever consented to it in writing */
            record_clear?: boolean;
            /** @description Its cameras record */
            records?: boolean;
            /** @description Where the retention policy is published */
            retention_policy?: string;
            /**
             * Format: float
             * @description Stricter threshold; 0 takes the validated one
             */
            score?: number;
            /** @description Every person compared gave a separate consent */
            separate_consent?: boolean;
            /** @enum {string} */
            state: "draft" | "assessed" | "enabled" | "paused" | "retired";
            /**
             * Format: int32
             * @description Counts from 1 with every change; send it as If-Match
             */
            version: number;
        };
        ZonesSceneEdit: {
            /** @description Enrollees under 14, with a guardian */
            children?: boolean;
            /** @enum {string} */
            coverage?: "head" | "person";
            /** @description Entering the zone is itself a recorded act of consent */
            entry_is_consent?: boolean;
            /** @description The statutory recorder exists outside this system */
            external_recorder?: boolean;
            guardian_channel?: string;
            /** @description Live viewers may see clear whoever consented to it */
            live_clear?: boolean;
            /** Format: float */
            margin?: number;
            /**
             * @description Left out: what the profile starts in
             * @enum {string}
             */
            mode?: "zone" | "claim";
            /** @description Notice version in force */
            notice?: string;
            /** @description Liveness is demanded of a match */
            pad?: boolean;
            /** @enum {string} */
            purpose: "access_control" | "public_security" | "event_participation" | "demonstration";
            /** Format: float */
            quality?: number;
            reason?: string;
            /** @description Recordings may show clear whoever consented to it in writing */
            record_clear?: boolean;
            /** @description Its cameras record */
            records?: boolean;
            /** @description Where the retention policy is published */
            retention_policy?: string;
            /**
             * Format: float
             * @description Stricter threshold; 0 takes the validated one
             */
            score?: number;
            /** @description Every person compared gave a separate consent */
            separate_consent?: boolean;
        };
        ZonesSign: {
            /** Format: date-time */
            at: string;
            /** @description The account that made this version */
            author: string;
            entrance: string;
            id: string;
            /** @enum {string} */
            kind: "monitoring" | "face_recognition" | "entrance_notice" | "floor_marking";
            photo?: string;
            /** @description In metres on the floor plan */
            position: number[] | null;
            /** @description Why */
            reason: string;
            removed?: boolean;
            text?: components["schemas"]["SitestoreSignText"];
            /** @description The text in further languages, by language tag such as zh-CN */
            translations?: {
                [key: string]: components["schemas"]["SitestoreSignText"];
            };
            /**
             * Format: date-time
             * @description When it is taken down; none when it stays
             */
            valid_until?: string;
            /**
             * Format: int32
             * @description Counts from 1 with every change; send it as If-Match
             */
            version: number;
            zone: string;
        };
        ZonesSignEdit: {
            entrance: string;
            /** @enum {string} */
            kind: "monitoring" | "face_recognition" | "entrance_notice" | "floor_marking";
            photo?: string;
            /** @description In metres on the floor plan */
            position: number[] | null;
            reason?: string;
            /** @description What it discloses; a floor marking has none */
            text?: components["schemas"]["SitestoreSignText"];
            /** @description The same in further languages, by language tag such as zh-CN; each must disclose as much */
            translations?: {
                [key: string]: components["schemas"]["SitestoreSignText"];
            };
            /**
             * Format: date-time
             * @description When it is taken down
             */
            valid_until?: string;
            zone: string;
        };
        ZonesSite: {
            /** Format: date-time */
            at: string;
            /** @description The account that made this version */
            author: string;
            /** @description Of destruction, once closed */
            certificate?: string;
            /** @description How people reach the controller */
            contact: string;
            /** Format: date-time */
            ends_at?: string;
            id: string;
            name: string;
            /** @description Jurisdiction profile: default, cn, eu, us-il */
            profile: string;
            /** @description Why */
            reason: string;
            /** @description Made up, for a demonstration */
            sample?: boolean;
            /** @enum {string} */
            state: "open" | "terminating" | "closed";
            /**
             * Format: int32
             * @description Counts from 1 with every change; send it as If-Match
             */
            version: number;
        };
        ZonesSiteEdit: {
            contact: string;
            /** @description The controller */
            name: string;
            /**
             * @description Jurisdiction profile
             * @enum {string}
             */
            profile: "default" | "cn" | "eu" | "us-il";
            reason?: string;
        };
        ZonesSwitch: {
            /** @description Who asked to resume, and waits for a second person */
            asked?: string;
            /** Format: date-time */
            at: string;
            /** @description The account that made this version */
            author: string;
            /** @description Who threw it */
            by?: string;
            id: string;
            on: boolean;
            /** @description Why */
            reason: string;
            /**
             * Format: int32
             * @description Counts from 1 with every change; send it as If-Match
             */
            version: number;
            /** @description Why everything is masked */
            why?: string;
        };
        ZonesVersionsAssessment: {
            /** @description Oldest first */
            versions: components["schemas"]["ZonesAssessment"][];
        };
        ZonesVersionsCameraPolicy: {
            /** @description Oldest first */
            versions: components["schemas"]["ZonesCameraPolicy"][];
        };
        ZonesVersionsComponent: {
            /** @description Oldest first */
            versions: components["schemas"]["ZonesComponent"][];
        };
        ZonesVersionsEntrance: {
            /** @description Oldest first */
            versions: components["schemas"]["ZonesEntrance"][];
        };
        ZonesVersionsExitPlan: {
            /** @description Oldest first */
            versions: components["schemas"]["ZonesExitPlan"][];
        };
        ZonesVersionsFiling: {
            /** @description Oldest first */
            versions: components["schemas"]["ZonesFiling"][];
        };
        ZonesVersionsFloorPlan: {
            /** @description Oldest first */
            versions: components["schemas"]["ZonesFloorPlan"][];
        };
        ZonesVersionsIncident: {
            /** @description Oldest first */
            versions: components["schemas"]["ZonesIncident"][];
        };
        ZonesVersionsInspection: {
            /** @description Oldest first */
            versions: components["schemas"]["ZonesInspection"][];
        };
        ZonesVersionsScene: {
            /** @description Oldest first */
            versions: components["schemas"]["ZonesScene"][];
        };
        ZonesVersionsSign: {
            /** @description Oldest first */
            versions: components["schemas"]["ZonesSign"][];
        };
        ZonesVersionsSite: {
            /** @description Oldest first */
            versions: components["schemas"]["ZonesSite"][];
        };
        ZonesVersionsZone: {
            /** @description Oldest first */
            versions: components["schemas"]["ZonesZone"][];
        };
        ZonesView: {
            /** @description Of what the camera sees now; it shows no picture, see detect/pose */
            fingerprint?: string;
            /**
             * @description Compared with the calibrated view
             * @enum {string}
             */
            state: "calibrated" | "moved" | "unsure" | "unknown";
        };
        ZonesZone: {
            alternative?: components["schemas"]["SitestoreAlternative"];
            /** @description Who let it go live */
            approver?: string;
            /** Format: date-time */
            at: string;
            /** @description The account that made this version */
            author: string;
            camera: string;
            /** @description Outline on the floor plan, in metres */
            floor?: (number[] | null)[] | null;
            id: string;
            /** @description The inspection it stands on */
            inspection?: string;
            /** @enum {string} */
            kind: "recognition" | "signage" | "prohibited" | "privacy";
            /** @description In parts of the picture, 0 to 1 */
            outline: (number[] | null)[] | null;
            /** @description Floor plan on which floor and positions are measured */
            plan?: string;
            planners: string[] | null;
            /** @description Why */
            reason: string;
            /** @description Of a recognition zone */
            scene?: string;
            /** @enum {string} */
            state: "draft" | "signs_planned" | "inspected" | "live" | "suspended" | "retired";
            /**
             * Format: int32
             * @description Counts from 1 with every change; send it as If-Match
             */
            version: number;
        };
        ZonesZoneEdit: {
            /** @description The way through without face recognition */
            alternative?: components["schemas"]["SitestoreAlternative"];
            camera: string;
            /** @description Corners on the floor plan, in metres */
            floor?: (number[] | null)[] | null;
            /** @enum {string} */
            kind: "recognition" | "signage" | "prohibited" | "privacy";
            /** @description Corners in parts of the picture, 0 to 1; simple, and enclosing some area */
            outline: (number[] | null)[] | null;
            plan?: string;
            reason?: string;
            /** @description Of a recognition zone */
            scene?: string;
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
    "consent-receipt-keys": {
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
                    "application/json": components["schemas"]["ConsentKeySet"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "list-assessments": {
        parameters: {
            query?: {
                /** @description Only what comes after this id */
                after?: string;
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
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPageAssessment"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "add-assessment": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewAssessmentBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesAssessment"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-assessment": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesAssessment"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "edit-assessment": {
        parameters: {
            query?: never;
            header?: {
                /** @description The version that the change was made of, as its ETag said */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EditAssessmentBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesAssessment"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "dispose-assessment": {
        parameters: {
            query?: {
                /** @description Why */
                reason?: string;
            };
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesDone"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "approve-assessment": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesAssessment"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "assessment-history": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesVersionsAssessment"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-checkpoint": {
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
                    "Cache-Control"?: string;
                    "Content-Type"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string;
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
        };
    };
    "prove-consistency": {
        parameters: {
            query: {
                /** @description The chain's id */
                chain: string;
                /** @description Size of the earlier checkpoint's tree */
                from: number;
                /** @description Size of the later one's */
                to: number;
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
                    "application/json": components["schemas"]["AuditorConsistencyProof"];
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
        };
    };
    "audit-event": {
        parameters: {
            query: {
                /** @description As with the questions */
                purpose: string;
            };
            header?: never;
            path: {
                /** @description The event's id */
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
                    "application/json": components["schemas"]["AuditorEventView"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
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
    "get-log-checkpoint": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                chain: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Cache-Control"?: string;
                    "Content-Type"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string;
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
        };
    };
    "list-logs": {
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
                    "application/json": components["schemas"]["LogsOutputBody"];
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
        };
    };
    "prove-event": {
        parameters: {
            query: {
                /** @description The chain's id */
                chain: string;
                /** @description The event's number */
                seq: number;
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
                    "application/json": components["schemas"]["AuditorInclusionProof"];
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
        };
    };
    "prove-event-text": {
        parameters: {
            query: {
                /** @description The chain's id */
                chain: string;
                /** @description The event's number */
                seq: number;
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
                    "Cache-Control"?: string;
                    "Content-Type"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string;
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
        };
    };
    "list-questions": {
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
                    "application/json": components["schemas"]["QuestionsOutputBody"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Forbidden */
            403: {
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
        };
    };
    "ask-question": {
        parameters: {
            query: {
                format?: "json" | "csv" | "parquet";
                /** @description Why you ask, kept in the access log: audit, or incident, rights, authority each with a colon and its reference */
                purpose: string;
                /** @description Parameters as name:value, separated by commas; see the catalogue */
                set?: string[] | null;
            };
            header?: never;
            path: {
                /** @description A question's name or number */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Content-Disposition"?: string;
                    "Content-Type"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string;
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
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
    "verify-log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VerifyInputBody"];
            };
        };
        responses: {
            /** @description Progress and report */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": components["schemas"]["AuditorVerifyLine"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Conflict */
            409: {
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
    "list-camera-policies": {
        parameters: {
            query?: {
                /** @description Only what comes after this id */
                after?: string;
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
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPageCameraPolicy"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
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
    "calibrate-camera": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesCameraPolicy"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-camera-policy": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesCameraPolicy"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "put-camera-policy": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ZonesCameraEdit"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesCameraPolicy"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "camera-policy-history": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesVersionsCameraPolicy"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "camera-still": {
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
            /** @description JPEG */
            200: {
                headers: {
                    "Content-Type"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": string;
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-camera-view": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesView"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-census": {
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
                    "application/json": components["schemas"]["ConsentCensus"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-filed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FilingBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentFilingTask"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "list-components": {
        parameters: {
            query?: {
                /** @description Only what comes after this id */
                after?: string;
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
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPageComponent"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "add-component": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewComponentBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesComponent"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-component": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesComponent"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "edit-component": {
        parameters: {
            query?: never;
            header?: {
                /** @description The version that the change was made of, as its ETag said */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ZonesComponentEdit"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesComponent"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "component-history": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesVersionsComponent"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-give": {
        parameters: {
            query?: never;
            header?: {
                /** @description Random; the same key with the same request creates nothing twice */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewConsentBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentConsent"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-due": {
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
                    "application/json": components["schemas"]["ConsentConsentList"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-house": {
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
                    "application/json": components["schemas"]["ConsentHouse"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-lookup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LookupBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentConsentList"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-receipt-schema": {
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
                    "application/json": unknown;
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-consent": {
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
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentConsent"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-confirm": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ActOnBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentConsent"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-consent-history": {
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
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentConsentList"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-receipt": {
        parameters: {
            query?: {
                /** @description Without: the newest */
                version?: number;
            };
            header?: never;
            path: {
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
                    "application/json": components["schemas"]["ConsentIssued"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-renew": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ActOnBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentConsent"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-withdraw": {
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
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentConsent"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "demo-act-as": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ActAsInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionAnswer"];
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
        };
    };
    "consent-person": {
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
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentPerson"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-receipt-code": {
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
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentReceiptCode"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-guardians": {
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
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentGuardianList"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-person-history": {
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
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentPersonHistory"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-messages": {
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
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentMessageList"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-message-read": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                message: string;
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
                    "application/json": components["schemas"]["ConsentDone"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-withdraw-all": {
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
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentDone"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-enrolments": {
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
                    "application/json": components["schemas"]["ConsentSessionList"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-start-enrolment": {
        parameters: {
            query?: never;
            header?: {
                /** @description Random; the same key with the same request creates nothing twice */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSessionBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentSession"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-enrolment": {
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
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentSession"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-photo": {
        parameters: {
            query?: {
                /** @description 0 taken live here, 1 brought along */
                data_type?: number;
                /** @description Keep the photograph; takes an authorisation in writing */
                keep?: boolean;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "image/jpeg": string;
                "image/png": string;
                "image/webp": string;
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentTaken"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-prove": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProofBodyBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentSession"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "list-entrances": {
        parameters: {
            query?: {
                /** @description Only what comes after this id */
                after?: string;
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
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPageEntrance"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "add-entrance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewEntranceBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesEntrance"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-entrance": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesEntrance"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "edit-entrance": {
        parameters: {
            query?: never;
            header?: {
                /** @description The version that the change was made of, as its ETag said */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ZonesEntranceEdit"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesEntrance"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "entrance-history": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesVersionsEntrance"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "remove-entrance": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesEntrance"];
                };
            };
            /** @description Error */
            default: {
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
    "event-confirmation": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The event's id */
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
                    "application/json": components["schemas"]["AuditorConfirmation"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
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
    "review-event": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The event's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReviewInputBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditorConfirmation"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
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
            /** @description Conflict */
            409: {
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
    "list-exit-plans": {
        parameters: {
            query?: {
                /** @description Only what comes after this id */
                after?: string;
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
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPageExitPlan"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "add-exit-plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewExitBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesExitPlan"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-exit-plan": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesExitPlan"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "certify-exit-plan": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExitCertifyBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesExitPlan"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "exit-plan-history": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesVersionsExitPlan"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "exit-item-done": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
                item: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExitDoneBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesExitPlan"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "list-filings": {
        parameters: {
            query?: {
                /** @description Only what comes after this id */
                after?: string;
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
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPageFiling"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "add-filing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ZonesFilingEdit"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesFiling"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-filing": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesFiling"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "edit-filing": {
        parameters: {
            query?: never;
            header?: {
                /** @description The version that the change was made of, as its ETag said */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ZonesFilingEdit"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesFiling"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "filing-history": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesVersionsFiling"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "list-floorplans": {
        parameters: {
            query?: {
                /** @description Only what comes after this id */
                after?: string;
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
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPageFloorPlan"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "add-floorplan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPlanBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesFloorPlan"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-floorplan": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesFloorPlan"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "edit-floorplan": {
        parameters: {
            query?: never;
            header?: {
                /** @description The version that the change was made of, as its ETag said */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ZonesPlanEdit"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesFloorPlan"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "floorplan-history": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesVersionsFloorPlan"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-guardian-channel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                scene: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChannelBodyBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentGuardianChannel"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-add-guardian": {
        parameters: {
            query?: never;
            header?: {
                /** @description Random; the same key with the same request creates nothing twice */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewGuardianBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentGuardian"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-end-guardian": {
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
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentGuardian"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-import": {
        parameters: {
            query?: never;
            header?: {
                /** @description Random; the same key with the same request creates nothing twice */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewImportBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentImportReport"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-import-report": {
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
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentImportReport"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "list-incidents": {
        parameters: {
            query?: {
                /** @description Only what comes after this id */
                after?: string;
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
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPageIncident"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "open-incident": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewIncidentBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesIncident"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-incident": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesIncident"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "close-incident": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesIncident"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "contain-incident": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesIncident"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "incident-history": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesVersionsIncident"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "report-incident": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReportIncidentBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesIncident"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "list-inspections": {
        parameters: {
            query?: {
                /** @description Only what comes after this id */
                after?: string;
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
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPageInspection"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "add-inspection": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewInspectionBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesInspection"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-inspection": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesInspection"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "inspection-history": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesVersionsInspection"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-kill": {
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
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesSwitch"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    kill: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PullBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesSwitch"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-outbox": {
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
                    "application/json": components["schemas"]["ConsentMessageList"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-notices": {
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
                    "application/json": components["schemas"]["ConsentNoticeList"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-add-notice": {
        parameters: {
            query?: never;
            header?: {
                /** @description Random; the same key with the same request creates nothing twice */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConsentDraft"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentNotice"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-components": {
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
                    "application/json": components["schemas"]["ConsentComponentList"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-current-notice": {
        parameters: {
            query: {
                scene: string;
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
                    "application/json": components["schemas"]["ConsentCurrent"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-notice-template": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                language: string;
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
                    "application/json": components["schemas"]["ConsentText"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-notice": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                version: string;
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
                    "application/json": components["schemas"]["ConsentNotice"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-publish-notice": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                version: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PublishingBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentNotice"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "add-photo": {
        parameters: {
            query?: never;
            header?: {
                "Content-Type"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "image/jpeg": string;
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPhoto"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-photo": {
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
            /** @description JPEG */
            200: {
                headers: {
                    "Content-Type"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": string;
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-prompt": {
        parameters: {
            query?: never;
            header?: {
                /** @description Random; the same key with the same request creates nothing twice */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PromptBodyBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentOffer"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "consent-decline": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeclineBodyBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsentOtherWay"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "public-zone": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPublicZone"];
                };
            };
            /** @description Error */
            default: {
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
    resume: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PullBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesSwitch"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "forward-request": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RightsForwarded"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RightsReceipt"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "list-requests": {
        parameters: {
            query?: {
                type?: string;
                state?: string;
                /** @description Only those with something left to do */
                open?: boolean;
                /** @description The last id of the page before */
                after?: string;
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
                    "application/json": components["schemas"]["ListOutBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "submit-request": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SubmitBody"];
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RightsReceipt"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-request": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
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
                    "application/json": components["schemas"]["RightsRequest"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "acknowledge-request": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReasonBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RightsRequest"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "appeal-request": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AppealBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RightsStatus"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "begin-request": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReasonBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RightsRequest"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "request-bundle": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
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
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "request-contact": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
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
                    "application/json": components["schemas"]["ContactOutBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "extend-request": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExtendBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RightsRequest"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "fulfil-request": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FulfilBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RightsRequest"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "request-history": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
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
                    "application/json": components["schemas"]["HistoryOutBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "refuse-request": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefusalBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RightsRequest"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "request-status": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
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
                    "application/json": components["schemas"]["RightsStatus"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "request-tasks": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
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
                    "application/json": components["schemas"]["TasksOutBody"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "verify-request": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VerifyBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RightsRequest"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "acknowledge-task": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
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
                    "application/json": components["schemas"]["RightsTask"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "except-task": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request's id, as the receipt says */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReasonBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RightsTask"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "list-scenes": {
        parameters: {
            query?: {
                /** @description Only what comes after this id */
                after?: string;
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
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPageScene"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "add-scene": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSceneBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesScene"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-scene": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesScene"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "edit-scene": {
        parameters: {
            query?: never;
            header?: {
                /** @description The version that the change was made of, as its ETag said */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ZonesSceneEdit"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesScene"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "assess-scene": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AssessSceneBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesScene"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "enable-scene": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesScene"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "scene-history": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesVersionsScene"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "review-scene": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReviewSceneBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesScene"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "pause-scene": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesScene"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "retire-scene": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesScene"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-session": {
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
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "end-session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "list-signs": {
        parameters: {
            query?: {
                /** @description Only what comes after this id */
                after?: string;
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
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPageSign"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "add-sign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSignBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesSign"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-sign": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesSign"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "edit-sign": {
        parameters: {
            query?: never;
            header?: {
                /** @description The version that the change was made of, as its ETag said */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ZonesSignEdit"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesSign"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "sign-history": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesVersionsSign"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "remove-sign": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesSign"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "list-sites": {
        parameters: {
            query?: {
                /** @description Only what comes after this id */
                after?: string;
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
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPageSite"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "add-site": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSiteBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesSite"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-site": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesSite"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "edit-site": {
        parameters: {
            query?: never;
            header?: {
                /** @description The version that the change was made of, as its ETag said */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ZonesSiteEdit"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesSite"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "close-site": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CloseSiteBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesSite"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "site-history": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesVersionsSite"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "terminate-site": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesSite"];
                };
            };
            /** @description Error */
            default: {
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
    verify: {
        parameters: {
            query?: never;
            header?: {
                "X-Sign-Key"?: string;
                "X-Sign-Version"?: string;
                "X-Sign-Time"?: string;
                "X-Sign-Nonce"?: string;
                "X-Sign"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Echoed; at most 128 bytes */
                    biz_no?: string;
                    /**
                     * @description 0: with a picture or an enrolled person; 1: with an authority's register, 2: with a document's chip, each only with an adapter
                     * @enum {integer}
                     */
                    comparison_type: 0 | 1 | 2;
                    /**
                     * @description 0: taken live; 1: the person's own picture
                     * @enum {integer}
                     */
                    data_type: 0 | 1;
                    /** @description With 1 and 2: the call's key, encrypted, in base64 */
                    encrypted_key?: string;
                    /**
                     * @description 0: none, over TLS and where the scene allows it; 1: SM2 and SM4-GCM; 2: RSA-OAEP and AES-256-GCM
                     * @enum {integer}
                     */
                    encryption_type: 0 | 1 | 2;
                    /** @description In place of reference_image: an enrolled person's id */
                    enrollee?: string;
                    /** @description With comparison_type 1 only, encrypted as the pictures are; never stored */
                    id_number?: string;
                    /** @description In base64 */
                    image: string;
                    /** @description With comparison_type 1 only, encrypted as the pictures are; never stored */
                    name?: string;
                    /** @description In base64 */
                    reference_image?: string;
                    /** @description hmac_sha1 only, where it is allowed; hmac_sha256 goes into the header X-Sign */
                    sign?: string;
                    /** @enum {string} */
                    sign_version?: "hmac_sha1";
                    /** @description The scene */
                    verify_id: string;
                };
                "multipart/form-data": {
                    /** @description Echoed; at most 128 bytes */
                    biz_no?: string;
                    /**
                     * @description 0: with a picture or an enrolled person; 1: with an authority's register, 2: with a document's chip, each only with an adapter
                     * @enum {integer}
                     */
                    comparison_type: 0 | 1 | 2;
                    /**
                     * @description 0: taken live; 1: the person's own picture
                     * @enum {integer}
                     */
                    data_type: 0 | 1;
                    /** @description With 1 and 2: the call's key, encrypted, in base64 */
                    encrypted_key?: string;
                    /**
                     * @description 0: none, over TLS and where the scene allows it; 1: SM2 and SM4-GCM; 2: RSA-OAEP and AES-256-GCM
                     * @enum {integer}
                     */
                    encryption_type: 0 | 1 | 2;
                    /** @description In place of reference_image: an enrolled person's id */
                    enrollee?: string;
                    /** @description With comparison_type 1 only, encrypted as the pictures are; never stored */
                    id_number?: string;
                    /** Format: binary */
                    image: string;
                    /** @description With comparison_type 1 only, encrypted as the pictures are; never stored */
                    name?: string;
                    /** Format: binary */
                    reference_image?: string;
                    /** @description hmac_sha1 only, where it is allowed; hmac_sha256 goes into the header X-Sign */
                    sign?: string;
                    /** @enum {string} */
                    sign_version?: "hmac_sha1";
                    /** @description The scene */
                    verify_id: string;
                };
            };
        };
        responses: {
            /** @description Compared */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VerifyAnswer"];
                };
            };
            /** @description Refused */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemProblem"];
                };
            };
            /** @description Refused */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemProblem"];
                };
            };
            /** @description Refused */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemProblem"];
                };
            };
            /** @description Refused */
            411: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemProblem"];
                };
            };
            /** @description Refused */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemProblem"];
                };
            };
            /** @description Refused */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemProblem"];
                };
            };
            /** @description Refused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemProblem"];
                };
            };
            /** @description Refused */
            501: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemProblem"];
                };
            };
            /** @description Refused */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemProblem"];
                };
            };
        };
    };
    "verify-keys": {
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
                    "application/json": components["schemas"]["KeysOutBody"];
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
        };
    };
    "list-zones": {
        parameters: {
            query?: {
                /** @description Only what comes after this id */
                after?: string;
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
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesPageZone"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "add-zone": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewZoneBody"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesZone"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "get-zone": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesZone"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "edit-zone": {
        parameters: {
            query?: never;
            header?: {
                /** @description The version that the change was made of, as its ETag said */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ZonesZoneEdit"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesZone"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "zone-coverage": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesCoverage"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "zone-history": {
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
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesVersionsZone"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "zone-live": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesZone"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "plan-zone-signs": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesZone"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "retire-zone": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesZone"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "suspend-zone": {
        parameters: {
            query?: never;
            header?: {
                /** @description Decide only if it is still this version */
                "If-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecisionBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ZonesZone"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ErrorModel"];
                };
            };
        };
    };
    "zone-page": {
        parameters: {
            query?: {
                /** @description Left out: as the reader's browser asks */
                lang?: "en" | "zh-CN";
            };
            header?: {
                "Accept-Language"?: string;
            };
            path: {
                zone: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page */
            200: {
                headers: {
                    "Content-Language"?: string;
                    "Content-Type"?: string;
                    Vary?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description Error */
            default: {
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
