// Cameras, microphones and screens as tracks. No room is needed for them: a preview comes before the join.
import { captureBoth, captureCamera, captureMicrophone, captureScreen, type CameraOptions, type MicrophoneOptions, type ScreenOptions } from './capture.js';
import { LocalTrack } from './local-track.js';

export async function createCameraVideoTrack(options: CameraOptions = {}): Promise<LocalTrack> {
  return camera(await captureCamera(options), options);
}

export async function createMicrophoneTrack(options: MicrophoneOptions = {}): Promise<LocalTrack> {
  return microphone(await captureMicrophone(options), options);
}

/** Both with one question to the user; when one of them cannot be had, there is none. */
export async function createCameraAndMicrophoneTracks(
  cameraOptions: CameraOptions = {}, microphoneOptions: MicrophoneOptions = {},
): Promise<[camera: LocalTrack, microphone: LocalTrack]> {
  const [video, audio] = await captureBoth(cameraOptions, microphoneOptions);
  return [camera(video, cameraOptions), microphone(audio, microphoneOptions)];
}

/** Asks the user for a screen, window or tab. Call it from a click. */
export async function createScreenTrack(options: ScreenOptions = {}): Promise<LocalTrack> {
  return new LocalTrack({ kind: 'video', source: 'screen', media: await captureScreen(options), ...described(options) });
}

function camera(media: MediaStreamTrack, options: CameraOptions): LocalTrack {
  const capture = (deviceId: string | undefined) => captureCamera({ ...options, ...(deviceId && { deviceId }) });
  return new LocalTrack({ kind: 'video', source: 'camera', media, capture, ...described(options) });
}

function microphone(media: MediaStreamTrack, options: MicrophoneOptions): LocalTrack {
  const capture = (deviceId: string | undefined) => captureMicrophone({ ...options, ...(deviceId && { deviceId }) });
  return new LocalTrack({ kind: 'audio', source: 'microphone', media, capture, ...described(options) });
}

function described({ name, codec, simulcast }: CameraOptions & ScreenOptions) {
  return { ...(name !== undefined && { name }), ...(codec && { codec }), ...(simulcast !== undefined && { simulcast }) };
}
