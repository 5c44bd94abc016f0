// Cameras, microphones, screens: from options to constraints to tracks.
import { captureError, NexusError } from './errors.js';

export type Resolution = '180p' | '360p' | '720p' | '1080p' | { width: number; height: number };

/** Video codecs that the server forwards. */
export type VideoCodec = 'VP8' | 'VP9' | 'H264' | 'AV1';

export interface CameraOptions {
  /** Default 720p. */
  resolution?: Resolution;
  /** Frames per second, default 30. */
  frameRate?: number;
  /** Preferred codec; the browser's own order when it has none of it. Default VP8. */
  codec?: VideoCodec;
  /** Several sizes at once, so that each viewer gets what fits. Default true. */
  simulcast?: boolean;
  deviceId?: string;
  /** On phones: which camera, when no device is named. */
  facingMode?: 'user' | 'environment';
  /** Shown to others, at most 256 characters. */
  name?: string;
}

export interface MicrophoneOptions {
  deviceId?: string;
  echoCancellation?: boolean;
  noiseSuppression?: boolean;
  autoGainControl?: boolean;
  name?: string;
}

export interface ScreenOptions {
  /** Default 1080p: larger screens are scaled down to fit. */
  resolution?: Resolution;
  /** Default 15. */
  frameRate?: number;
  codec?: VideoCodec;
  simulcast?: boolean;
  /** `detail` keeps text sharp, `motion` keeps films smooth. Default detail. */
  content?: 'detail' | 'motion';
  name?: string;
}

const sizes = { '180p': [320, 180], '360p': [640, 360], '720p': [1280, 720], '1080p': [1920, 1080] } as const;

export function sizeOf(resolution: Resolution): { width: number; height: number } {
  if (typeof resolution !== 'string') return resolution;
  const [width, height] = sizes[resolution];
  return { width, height };
}

export async function captureCamera(options: CameraOptions): Promise<MediaStreamTrack> {
  return only(await media(devices => devices.getUserMedia({ video: cameraConstraints(options) }), 'camera'));
}

export async function captureMicrophone(options: MicrophoneOptions): Promise<MediaStreamTrack> {
  return only(await media(devices => devices.getUserMedia({ audio: microphoneConstraints(options) }), 'microphone'));
}

/** Both with one question to the user. */
export async function captureBoth(camera: CameraOptions, microphone: MicrophoneOptions): Promise<[camera: MediaStreamTrack, microphone: MediaStreamTrack]> {
  const constraints = { video: cameraConstraints(camera), audio: microphoneConstraints(microphone) };
  const stream = await media(devices => devices.getUserMedia(constraints), 'camera or microphone');
  return [stream.getVideoTracks()[0]!, stream.getAudioTracks()[0]!];
}

export async function captureScreen(options: ScreenOptions): Promise<MediaStreamTrack> {
  const { width, height } = sizeOf(options.resolution ?? '1080p');
  const video: MediaTrackConstraints = { width: { max: width }, height: { max: height }, frameRate: { max: options.frameRate ?? 15 } };
  const track = only(await media(devices => devices.getDisplayMedia({ video }), 'screen'));
  track.contentHint = options.content ?? 'detail';
  return track;
}

/** Devices of one kind. Without permission browsers leave out their names. */
export async function listDevices(kind: 'camera' | 'microphone' | 'speaker'): Promise<MediaDeviceInfo[]> {
  const wanted: MediaDeviceKind = kind === 'camera' ? 'videoinput' : kind === 'microphone' ? 'audioinput' : 'audiooutput';
  return (await navigator.mediaDevices?.enumerateDevices() ?? []).filter(device => device.kind === wanted && device.deviceId);
}

function cameraConstraints(options: CameraOptions): MediaTrackConstraints {
  const { width, height } = sizeOf(options.resolution ?? '720p');
  return {
    width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: options.frameRate ?? 30 },
    ...(options.deviceId ? { deviceId: { exact: options.deviceId } } : { facingMode: options.facingMode ?? 'user' }),
  };
}

function microphoneConstraints({ echoCancellation = true, noiseSuppression = true, autoGainControl = true, deviceId }: MicrophoneOptions): MediaTrackConstraints {
  return { echoCancellation, noiseSuppression, autoGainControl, ...(deviceId && { deviceId: { exact: deviceId } }) };
}

async function media(act: (devices: MediaDevices) => Promise<MediaStream>, what: string): Promise<MediaStream> {
  try {
    return await act(navigator.mediaDevices);
  } catch (error) {
    throw captureError(error, what);
  }
}

function only(stream: MediaStream): MediaStreamTrack {
  const [track] = stream.getTracks();
  if (!track) throw new NexusError('DEVICE_NOT_FOUND', 'The browser gave no track.');
  return track;
}
