// What is sent: layers, bitrates, codec order. Pure but for the codec list of the browser.
import type { VideoCodec } from './capture.js';
import type { Source } from './protocol.js';

export interface VideoShape {
  source: Source;
  width: number;
  height: number;
  frameRate: number;
  codec: VideoCodec;
  simulcast: boolean;
}

type Encoding = RTCRtpEncodingParameters & { scalabilityMode?: string };

/** Layers low to high: `rid` and how much smaller than the source. */
function layersOf({ source, height, simulcast }: VideoShape): [rid: string, scale: number][] {
  if (!simulcast || height < 270) return [];
  if (source === 'screen') return [['low', 2], ['high', 1]];
  return height < 480 ? [['low', 2], ['high', 1]] : [['low', 4], ['middle', 2], ['high', 1]];
}

/** Bit/s that a picture of this size and rate is worth in VP8: 720p30 2 Mbit/s, 360p30 0.6, 180p30 0.18. */
export function bitrateFor(width: number, height: number, frameRate: number, codec: VideoCodec): number {
  const efficiency = codec === 'VP9' || codec === 'AV1' ? 0.75 : 1;
  return Math.round(2_000_000 * efficiency * ((width * height) / (1280 * 720)) ** 0.87 * (frameRate / 30) ** 0.6);
}

export function encodingsFor(shape: VideoShape): Encoding[] {
  const { width, height, frameRate, codec, source } = shape;
  const rate = (scale: number, fps: number) => bitrateFor(width / scale, height / scale, fps, codec);
  const layers = layersOf(shape);
  if (layers.length === 0) return [{ maxBitrate: rate(1, frameRate), maxFramerate: frameRate }];
  return layers.map(([rid, scaleResolutionDownBy]) => {
    const maxFramerate = source === 'screen' && rid === 'low' ? Math.min(5, frameRate) : frameRate;
    return {
      rid, scaleResolutionDownBy, maxFramerate, maxBitrate: rate(scaleResolutionDownBy, maxFramerate),
      // Without a mode Chromium makes these codecs one SVC stream instead of several.
      ...(codec === 'VP9' && { scalabilityMode: 'L1T3' }),
      ...(codec === 'AV1' && { scalabilityMode: 'L1T1' }),
    };
  });
}

/** The browser's codecs with the preferred one first. Others stay, for a server or viewer that cannot take it. */
export function codecOrder<C extends { mimeType: string }>(codecs: readonly C[], preferred: VideoCodec): C[] {
  const is = (codec: C) => codec.mimeType.toLowerCase() === `video/${preferred.toLowerCase()}`;
  return [...codecs.filter(is), ...codecs.filter(codec => !is(codec))];
}
