/** The label of a container that says what went into it. */
export const FINGERPRINT = "pgha.fingerprint";
