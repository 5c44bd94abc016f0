/** Codes that the SDK itself makes; all others are the server's (docs/protocol.md, "Errors"). */
export type ClientCode =
  /** The user, or the browser's policy, does not let the page capture. */
  | 'CAPTURE_DENIED'
  /** There is no such camera or microphone. */
  | 'DEVICE_NOT_FOUND'
  /** Another program has the device. */
  | 'DEVICE_BUSY'
  /** The device does not do what was asked for. */
  | 'DEVICE_UNSUITABLE'
  /** The page is not from a secure origin, or the browser is too old. */
  | 'UNSUPPORTED'
  /** The server cannot be reached. */
  | 'CONNECT_FAILED'
  /** The connection broke and could not be brought back. */
  | 'CONNECTION_LOST'
  /** A data message or a chat message is longer than may be sent. */
  | 'TOO_LARGE'
  /** The connection was replaced while a message was under way: whether it arrived is not known. */
  | 'UNCONFIRMED'
  /** The server did not answer in time. */
  | 'TIMEOUT'
  /** The room was left, or the track is gone. */
  | 'ENDED';

/** Every error that the SDK throws or tells. `code` is for programs, `message` for people. */
export class NexusError extends Error {
  override readonly name = 'NexusError';

  constructor(
    readonly code: ClientCode | (string & {}),
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What getUserMedia and getDisplayMedia throw, by our names. */
export function captureError(cause: unknown, what: string): NexusError {
  const name = cause instanceof Error ? cause.name : '';
  const options = { cause };
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return new NexusError('CAPTURE_DENIED', `The browser does not let this page use the ${what}. Allow it in the address bar and try again.`, options);
    case 'NotFoundError':
    case 'DevicesNotFoundError':
      return new NexusError('DEVICE_NOT_FOUND', `No ${what} was found. Plug one in, or choose another.`, options);
    case 'NotReadableError':
    case 'AbortError':
      return new NexusError('DEVICE_BUSY', `The ${what} cannot be read: another program may be using it.`, options);
    case 'OverconstrainedError':
      return new NexusError('DEVICE_UNSUITABLE', `The ${what} that was chosen is not there any more, or does not do what was asked of it.`, options);
    default:
      return new NexusError('UNSUPPORTED', `This browser cannot capture the ${what} here (a secure origin is needed).`, options);
  }
}
