// SPDX-License-Identifier: Apache-2.0
// The beginning of both apps: who is it, which app is theirs, then the frame.
import { effect } from '@preact/signals';
import { render, type ComponentType } from 'preact';
import { session, resume } from './api';
import { hush, listen } from './live';
import { Login } from './login';
import { StepUp } from './step';

export function start(app: 'console' | 'portal', Frame: ComponentType) {
	function Root() {
		const s = session.value;
		if (s === undefined) return <main id="main" aria-busy="true" />;
		if (s === null || s.step !== 'done') return <Login />;
		return <><Frame /><StepUp /></>;
	}
	effect(() => {
		const s = session.value;
		if (s?.step === 'done' && s.user) {
			const home = s.user.role === 'customer' ? 'portal' : 'console';
			if (home !== app) location.replace(`/${home}/`);
			else listen();
		} else if (s === null) {
			hush();
		}
	});
	const root = document.getElementById('app');
	if (root) render(<Root />, root);
	void resume();
}
