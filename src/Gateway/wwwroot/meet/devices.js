// Device pickers, and the choice of devices over visits.
import { listDevices } from '../sdk/nexus-sdk.js';

const remembered = kind => `nexus.${kind}`;

export const chosen = kind => localStorage.getItem(remembered(kind)) ?? undefined;

/**
 * Keeps a select filled with the devices of a kind.
 * @param {(deviceId: string) => void} picked when the user chooses another one
 * @param {AbortSignal} [signal] ends it
 * @returns a function that fills it again: names come only with permission
 */
export function devicePicker(select, kind, picked, signal) {
  const fill = async () => {
    const devices = await listDevices(kind);
    const current = select.dataset.current || chosen(kind);
    select.replaceChildren(...devices.map((device, i) =>
      new Option(device.label || `${kind[0].toUpperCase()}${kind.slice(1)} ${i + 1}`, device.deviceId, false, device.deviceId === current)));
    select.disabled = devices.length === 0;
    if (devices.length === 0) select.append(new Option(`No ${kind} found`));
  };
  select.addEventListener('change', () => {
    localStorage.setItem(remembered(kind), select.value);
    picked(select.value);
  }, { signal });
  navigator.mediaDevices?.addEventListener('devicechange', fill, { signal });
  return current => {
    if (current) select.dataset.current = current;
    return fill();
  };
}
