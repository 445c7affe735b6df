// SPDX-License-Identifier: Apache-2.0
// The words beside the queue about work that is no candidate: they come with that part.
import { lang } from '../i18n';

const en = { openIt: 'Open', held: 'A mail that waits for somebody to say whose it is.', todo: { inquiry: 'A customer waits for our answer.', task: 'A task of an open incident.', call: 'The telephone has not reached anybody yet.', answer: 'The customer has answered, or has not acknowledged yet.' } };
const ja: typeof en = { openIt: '開く', held: '差出人を確かめる必要のあるメールです。', todo: { inquiry: 'お客様が回答を待っています。', task: '未完了のインシデントの作業です。', call: '電話がまだ誰にもつながっていません。', answer: 'お客様から回答があったか、まだ確認をいただいていません。' } };

export const tw = () => (lang.value === 'ja' ? ja : en);
