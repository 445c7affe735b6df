// SPDX-License-Identifier: Apache-2.0
// The numbers on the rail, written by the screens that know them.
import { signal } from '@preact/signals';

export const counts = signal({ queue: 0, incidents: 0, inquiries: 0, handover: 0 });
