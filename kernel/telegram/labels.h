/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The labels of TIC and the OBIS codes of P1, as lists to be expanded.
 *
 * TIC: 02E section 2.2 (historique) and 54E sections 6.1 and 6.2 (standard), in the order in which
 * they are sent: X(id, label, form, quantity, flags).
 * P1: DSMR P1 companion standard 2.2 to 5.0.2 section 6.12, e-MUCS-P1 1.4 to 2.1, Luxmetering P1
 * 1.1.3, the Swedish H1 recommendation 2.0, ESO 2025-07 and telegrams of the other countries, by
 * length and then by character: X(code, quantity, flags).
 */
#ifndef TELEGRAM_LABELS_H
#define TELEGRAM_LABELS_H

#define TIC_HISTORIQUE_LIST(X)                                                                    \
	X(ADCO, "ADCO", DIGITS, NONE, LABEL_IDENTIFIES)                                           \
	X(OPTARIF, "OPTARIF", TEXT, NONE, 0)                                                      \
	X(ISOUSC, "ISOUSC", DIGITS, current_subscribed, 0)                                        \
	X(BASE, "BASE", DIGITS, energy_import_t1, LABEL_REGISTER)                                 \
	X(HCHC, "HCHC", DIGITS, energy_import_t1, LABEL_REGISTER)                                 \
	X(HCHP, "HCHP", DIGITS, energy_import_t2, LABEL_REGISTER)                                 \
	X(EJPHN, "EJPHN", DIGITS, energy_import_t1, LABEL_REGISTER)                               \
	X(EJPHPM, "EJPHPM", DIGITS, energy_import_t2, LABEL_REGISTER)                             \
	X(BBRHCJB, "BBRHCJB", DIGITS, energy_import_t1, LABEL_REGISTER)                           \
	X(BBRHPJB, "BBRHPJB", DIGITS, energy_import_t2, LABEL_REGISTER)                           \
	X(BBRHCJW, "BBRHCJW", DIGITS, energy_import_t3, LABEL_REGISTER)                           \
	X(BBRHPJW, "BBRHPJW", DIGITS, energy_import_t4, LABEL_REGISTER)                           \
	X(BBRHCJR, "BBRHCJR", DIGITS, energy_import_t5, LABEL_REGISTER)                           \
	X(BBRHPJR, "BBRHPJR", DIGITS, energy_import_t6, LABEL_REGISTER)                           \
	X(PEJP, "PEJP", DIGITS, NONE, 0)                                                          \
	X(PTEC, "PTEC", TEXT, tariff, 0)                                                          \
	X(DEMAIN, "DEMAIN", TEXT, NONE, 0)                                                        \
	X(IINST, "IINST", DIGITS, current_l1, 0)                                                  \
	X(IINST1, "IINST1", DIGITS, current_l1, 0)                                                \
	X(IINST2, "IINST2", DIGITS, current_l2, 0)                                                \
	X(IINST3, "IINST3", DIGITS, current_l3, 0)                                                \
	X(ADPS, "ADPS", DIGITS, NONE, 0)                                                          \
	X(ADIR1, "ADIR1", DIGITS, NONE, 0)                                                        \
	X(ADIR2, "ADIR2", DIGITS, NONE, 0)                                                        \
	X(ADIR3, "ADIR3", DIGITS, NONE, 0)                                                        \
	X(IMAX, "IMAX", DIGITS, NONE, 0)                                                          \
	X(IMAX1, "IMAX1", DIGITS, NONE, 0)                                                        \
	X(IMAX2, "IMAX2", DIGITS, NONE, 0)                                                        \
	X(IMAX3, "IMAX3", DIGITS, NONE, 0)                                                        \
	X(PMAX, "PMAX", DIGITS, NONE, 0)                                                          \
	X(PAPP, "PAPP", DIGITS, power_apparent_import, 0)                                         \
	X(HHPHC, "HHPHC", TEXT, NONE, 0)                                                          \
	X(MOTDETAT, "MOTDETAT", HEX, NONE, 0)                                                     \
	X(PPOT, "PPOT", HEX, NONE, 0)                                                             \
	X(GAZ, "GAZ", DIGITS, NONE, 0)                                                            \
	X(AUTRE, "AUTRE", DIGITS, NONE, 0)

#define TIC_STANDARD_LIST(X)                                                                      \
	X(ADSC, "ADSC", DIGITS, NONE, LABEL_IDENTIFIES)                                           \
	X(VTIC, "VTIC", DIGITS, NONE, 0)                                                          \
	X(DATE, "DATE", TEXT, NONE, 0)                                                            \
	X(NGTF, "NGTF", TEXT, NONE, 0)                                                            \
	X(LTARF, "LTARF", TEXT, NONE, 0)                                                          \
	X(EAST, "EAST", DIGITS, energy_import, LABEL_REGISTER)                                    \
	X(EASF01, "EASF01", DIGITS, energy_import_t1, LABEL_REGISTER)                             \
	X(EASF02, "EASF02", DIGITS, energy_import_t2, LABEL_REGISTER)                             \
	X(EASF03, "EASF03", DIGITS, energy_import_t3, LABEL_REGISTER)                             \
	X(EASF04, "EASF04", DIGITS, energy_import_t4, LABEL_REGISTER)                             \
	X(EASF05, "EASF05", DIGITS, energy_import_t5, LABEL_REGISTER)                             \
	X(EASF06, "EASF06", DIGITS, energy_import_t6, LABEL_REGISTER)                             \
	X(EASF07, "EASF07", DIGITS, energy_import_t7, LABEL_REGISTER)                             \
	X(EASF08, "EASF08", DIGITS, energy_import_t8, LABEL_REGISTER)                             \
	X(EASF09, "EASF09", DIGITS, energy_import_t9, LABEL_REGISTER)                             \
	X(EASF10, "EASF10", DIGITS, energy_import_t10, LABEL_REGISTER)                            \
	X(EASD01, "EASD01", DIGITS, NONE, LABEL_REGISTER)                                         \
	X(EASD02, "EASD02", DIGITS, NONE, LABEL_REGISTER)                                         \
	X(EASD03, "EASD03", DIGITS, NONE, LABEL_REGISTER)                                         \
	X(EASD04, "EASD04", DIGITS, NONE, LABEL_REGISTER)                                         \
	X(EAIT, "EAIT", DIGITS, energy_export, LABEL_REGISTER)                                    \
	X(ERQ1, "ERQ1", DIGITS, energy_reactive_q1, LABEL_REGISTER)                               \
	X(ERQ2, "ERQ2", DIGITS, energy_reactive_q2, LABEL_REGISTER)                               \
	X(ERQ3, "ERQ3", DIGITS, energy_reactive_q3, LABEL_REGISTER)                               \
	X(ERQ4, "ERQ4", DIGITS, energy_reactive_q4, LABEL_REGISTER)                               \
	X(IRMS1, "IRMS1", DIGITS, current_l1, 0)                                                  \
	X(IRMS2, "IRMS2", DIGITS, current_l2, 0)                                                  \
	X(IRMS3, "IRMS3", DIGITS, current_l3, 0)                                                  \
	X(URMS1, "URMS1", DIGITS, voltage_l1, 0)                                                  \
	X(URMS2, "URMS2", DIGITS, voltage_l2, 0)                                                  \
	X(URMS3, "URMS3", DIGITS, voltage_l3, 0)                                                  \
	X(PREF, "PREF", DIGITS, power_reference, 0)                                               \
	X(PCOUP, "PCOUP", DIGITS, power_cutoff, 0)                                                \
	X(SINSTS, "SINSTS", DIGITS, power_apparent_import, 0)                                     \
	X(SINSTS1, "SINSTS1", DIGITS, power_apparent_import_l1, 0)                                \
	X(SINSTS2, "SINSTS2", DIGITS, power_apparent_import_l2, 0)                                \
	X(SINSTS3, "SINSTS3", DIGITS, power_apparent_import_l3, 0)                                \
	X(SMAXSN, "SMAXSN", DIGITS, NONE, 0)                                                      \
	X(SMAXSN1, "SMAXSN1", DIGITS, NONE, 0)                                                    \
	X(SMAXSN2, "SMAXSN2", DIGITS, NONE, 0)                                                    \
	X(SMAXSN3, "SMAXSN3", DIGITS, NONE, 0)                                                    \
	X(SMAXSN_M1, "SMAXSN-1", DIGITS, NONE, 0)                                                 \
	X(SMAXSN1_M1, "SMAXSN1-1", DIGITS, NONE, 0)                                               \
	X(SMAXSN2_M1, "SMAXSN2-1", DIGITS, NONE, 0)                                               \
	X(SMAXSN3_M1, "SMAXSN3-1", DIGITS, NONE, 0)                                               \
	X(SINSTI, "SINSTI", DIGITS, power_apparent_export, 0)                                     \
	X(SMAXIN, "SMAXIN", DIGITS, NONE, 0)                                                      \
	X(SMAXIN_M1, "SMAXIN-1", DIGITS, NONE, 0)                                                 \
	X(CCASN, "CCASN", DIGITS, NONE, 0)                                                        \
	X(CCASN_M1, "CCASN-1", DIGITS, NONE, 0)                                                   \
	X(CCAIN, "CCAIN", DIGITS, NONE, 0)                                                        \
	X(CCAIN_M1, "CCAIN-1", DIGITS, NONE, 0)                                                   \
	X(UMOY1, "UMOY1", DIGITS, NONE, 0)                                                        \
	X(UMOY2, "UMOY2", DIGITS, NONE, 0)                                                        \
	X(UMOY3, "UMOY3", DIGITS, NONE, 0)                                                        \
	X(STGE, "STGE", HEX, NONE, 0)                                                             \
	X(DPM1, "DPM1", DIGITS, NONE, 0)                                                          \
	X(FPM1, "FPM1", DIGITS, NONE, 0)                                                          \
	X(DPM2, "DPM2", DIGITS, NONE, 0)                                                          \
	X(FPM2, "FPM2", DIGITS, NONE, 0)                                                          \
	X(DPM3, "DPM3", DIGITS, NONE, 0)                                                          \
	X(FPM3, "FPM3", DIGITS, NONE, 0)                                                          \
	X(MSG1, "MSG1", TEXT, NONE, 0)                                                            \
	X(MSG2, "MSG2", TEXT, NONE, 0)                                                            \
	X(PRM, "PRM", DIGITS, NONE, LABEL_IDENTIFIES)                                             \
	X(RELAIS, "RELAIS", DIGITS, NONE, 0)                                                      \
	X(NTARF, "NTARF", DIGITS, tariff, 0)                                                      \
	X(NJOURF, "NJOURF", DIGITS, NONE, 0)                                                      \
	X(NJOURF_P1, "NJOURF+1", DIGITS, NONE, 0)                                                 \
	X(PJOURF_P1, "PJOURF+1", TEXT, NONE, 0)                                                   \
	X(PPOINTE, "PPOINTE", TEXT, NONE, 0)

#define P1_LIST(X)                                                                                \
	X("0-0:0.0.0", NONE, LABEL_IDENTIFIES)                                                    \
	X("0-0:1.0.0", NONE, 0)                                                                   \
	X("1-0:0.0.0", NONE, LABEL_IDENTIFIES)                                                    \
	X("1-0:0.2.0", NONE, 0)                                                                   \
	X("1-0:0.2.8", NONE, 0)                                                                   \
	X("1-0:0.4.2", NONE, 0)                                                                   \
	X("1-0:0.4.3", NONE, 0)                                                                   \
	X("1-0:0.8.2", NONE, 0)                                                                   \
	X("1-0:1.4.0", demand_import, 0)                                                          \
	X("1-0:1.5.0", NONE, 0)                                                                   \
	X("1-0:1.6.0", demand_import_peak, 0)                                                     \
	X("1-0:1.7.0", power_import, 0)                                                           \
	X("1-0:1.8.0", energy_import, 0)                                                          \
	X("1-0:1.8.1", energy_import_t1, 0)                                                       \
	X("1-0:1.8.2", energy_import_t2, 0)                                                       \
	X("1-0:1.8.3", energy_import_t3, 0)                                                       \
	X("1-0:1.8.4", energy_import_t4, 0)                                                       \
	X("1-0:1.8.5", energy_import_t5, 0)                                                       \
	X("1-0:1.8.6", energy_import_t6, 0)                                                       \
	X("1-0:1.8.7", energy_import_t7, 0)                                                       \
	X("1-0:1.8.8", energy_import_t8, 0)                                                       \
	X("1-0:1.8.9", energy_import_t9, 0)                                                       \
	X("1-0:2.4.0", NONE, 0)                                                                   \
	X("1-0:2.5.0", NONE, 0)                                                                   \
	X("1-0:2.6.0", NONE, 0)                                                                   \
	X("1-0:2.7.0", power_export, 0)                                                           \
	X("1-0:2.8.0", energy_export, 0)                                                          \
	X("1-0:2.8.1", energy_export_t1, 0)                                                       \
	X("1-0:2.8.2", energy_export_t2, 0)                                                       \
	X("1-0:2.8.3", energy_export_t3, 0)                                                       \
	X("1-0:2.8.4", energy_export_t4, 0)                                                       \
	X("1-0:2.8.5", energy_export_t5, 0)                                                       \
	X("1-0:2.8.6", energy_export_t6, 0)                                                       \
	X("1-0:2.8.7", energy_export_t7, 0)                                                       \
	X("1-0:2.8.8", energy_export_t8, 0)                                                       \
	X("1-0:2.8.9", energy_export_t9, 0)                                                       \
	X("1-0:3.4.0", NONE, 0)                                                                   \
	X("1-0:3.5.0", NONE, 0)                                                                   \
	X("1-0:3.7.0", power_reactive_import, 0)                                                  \
	X("1-0:3.8.0", energy_reactive_import, 0)                                                 \
	X("1-0:3.8.1", NONE, 0)                                                                   \
	X("1-0:3.8.2", NONE, 0)                                                                   \
	X("1-0:3.8.3", NONE, 0)                                                                   \
	X("1-0:3.8.4", NONE, 0)                                                                   \
	X("1-0:4.4.0", NONE, 0)                                                                   \
	X("1-0:4.5.0", NONE, 0)                                                                   \
	X("1-0:4.7.0", power_reactive_export, 0)                                                  \
	X("1-0:4.8.0", energy_reactive_export, 0)                                                 \
	X("1-0:4.8.1", NONE, 0)                                                                   \
	X("1-0:4.8.2", NONE, 0)                                                                   \
	X("1-0:4.8.3", NONE, 0)                                                                   \
	X("1-0:4.8.4", NONE, 0)                                                                   \
	X("1-0:5.7.0", NONE, 0)                                                                   \
	X("1-0:5.8.0", energy_reactive_q1, 0)                                                     \
	X("1-0:6.7.0", NONE, 0)                                                                   \
	X("1-0:6.8.0", energy_reactive_q2, 0)                                                     \
	X("1-0:7.7.0", NONE, 0)                                                                   \
	X("1-0:7.8.0", energy_reactive_q3, 0)                                                     \
	X("1-0:8.7.0", NONE, 0)                                                                   \
	X("1-0:8.8.0", energy_reactive_q4, 0)                                                     \
	X("1-0:9.4.0", NONE, 0)                                                                   \
	X("1-0:9.5.0", NONE, 0)                                                                   \
	X("1-0:9.7.0", power_apparent_import, 0)                                                  \
	X("1-1:0.2.0", NONE, 0)                                                                   \
	X("1-1:0.2.8", NONE, 0)                                                                   \
	X("1-1:1.4.0", demand_import, 0)                                                          \
	X("1-1:1.6.0", demand_import_peak, 0)                                                     \
	X("1-1:1.7.0", power_import, 0)                                                           \
	X("1-1:1.8.0", energy_import, 0)                                                          \
	X("1-1:1.8.1", energy_import_t1, 0)                                                       \
	X("1-1:1.8.2", energy_import_t2, 0)                                                       \
	X("1-1:2.7.0", power_export, 0)                                                           \
	X("1-1:2.8.0", energy_export, 0)                                                          \
	X("1-1:2.8.1", energy_export_t1, 0)                                                       \
	X("1-1:2.8.2", energy_export_t2, 0)                                                       \
	X("1-3:0.2.8", NONE, 0)                                                                   \
	X("0-0:17.0.0", NONE, 0)                                                                  \
	X("0-0:24.4.0", NONE, 0)                                                                  \
	X("0-0:42.0.0", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-0:96.1.0", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-0:96.1.1", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-0:96.1.2", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-0:96.1.4", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-0:96.7.9", NONE, 0)                                                                  \
	X("0-0:98.1.0", NONE, 0)                                                                  \
	X("0-1:24.1.0", NONE, 0)                                                                  \
	X("0-1:24.2.1", NONE, 0)                                                                  \
	X("0-1:24.2.3", NONE, 0)                                                                  \
	X("0-1:24.3.0", NONE, 0)                                                                  \
	X("0-1:24.3.1", NONE, 0)                                                                  \
	X("0-1:24.4.0", NONE, 0)                                                                  \
	X("0-1:96.1.0", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-1:96.1.1", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-1:96.1.2", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-2:24.1.0", NONE, 0)                                                                  \
	X("0-2:24.2.1", NONE, 0)                                                                  \
	X("0-2:24.2.3", NONE, 0)                                                                  \
	X("0-2:24.3.0", NONE, 0)                                                                  \
	X("0-2:24.3.1", NONE, 0)                                                                  \
	X("0-2:24.4.0", NONE, 0)                                                                  \
	X("0-2:96.1.0", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-2:96.1.1", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-2:96.1.2", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-3:24.1.0", NONE, 0)                                                                  \
	X("0-3:24.2.1", NONE, 0)                                                                  \
	X("0-3:24.2.3", NONE, 0)                                                                  \
	X("0-3:24.3.0", NONE, 0)                                                                  \
	X("0-3:24.3.1", NONE, 0)                                                                  \
	X("0-3:24.4.0", NONE, 0)                                                                  \
	X("0-3:96.1.0", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-3:96.1.1", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-3:96.1.2", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-4:24.1.0", NONE, 0)                                                                  \
	X("0-4:24.2.1", NONE, 0)                                                                  \
	X("0-4:24.2.3", NONE, 0)                                                                  \
	X("0-4:24.3.0", NONE, 0)                                                                  \
	X("0-4:24.3.1", NONE, 0)                                                                  \
	X("0-4:24.4.0", NONE, 0)                                                                  \
	X("0-4:96.1.0", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-4:96.1.1", NONE, LABEL_IDENTIFIES)                                                   \
	X("0-4:96.1.2", NONE, LABEL_IDENTIFIES)                                                   \
	X("1-0:1.24.0", NONE, 0)                                                                  \
	X("1-0:1.8.10", energy_import_t10, 0)                                                     \
	X("1-0:1.8.11", energy_import_t11, 0)                                                     \
	X("1-0:1.8.12", energy_import_t12, 0)                                                     \
	X("1-0:1.8.13", energy_import_t13, 0)                                                     \
	X("1-0:1.8.14", energy_import_t14, 0)                                                     \
	X("1-0:1.8.15", energy_import_t15, 0)                                                     \
	X("1-0:1.8.16", energy_import_t16, 0)                                                     \
	X("1-0:10.4.0", NONE, 0)                                                                  \
	X("1-0:10.5.0", NONE, 0)                                                                  \
	X("1-0:10.7.0", power_apparent_export, 0)                                                 \
	X("1-0:11.7.0", NONE, 0)                                                                  \
	X("1-0:12.7.0", NONE, 0)                                                                  \
	X("1-0:13.3.0", NONE, 0)                                                                  \
	X("1-0:13.7.0", power_factor, 0)                                                          \
	X("1-0:14.7.0", frequency, 0)                                                             \
	X("1-0:15.7.0", NONE, 0)                                                                  \
	X("1-0:15.8.0", NONE, 0)                                                                  \
	X("1-0:16.7.0", power_net, 0)                                                             \
	X("1-0:2.8.10", energy_export_t10, 0)                                                     \
	X("1-0:2.8.11", energy_export_t11, 0)                                                     \
	X("1-0:2.8.12", energy_export_t12, 0)                                                     \
	X("1-0:2.8.13", energy_export_t13, 0)                                                     \
	X("1-0:2.8.14", energy_export_t14, 0)                                                     \
	X("1-0:2.8.15", energy_export_t15, 0)                                                     \
	X("1-0:2.8.16", energy_export_t16, 0)                                                     \
	X("1-0:21.7.0", power_import_l1, 0)                                                       \
	X("1-0:22.7.0", power_export_l1, 0)                                                       \
	X("1-0:23.7.0", power_reactive_import_l1, 0)                                              \
	X("1-0:24.7.0", power_reactive_export_l1, 0)                                              \
	X("1-0:29.7.0", power_apparent_import_l1, 0)                                              \
	X("1-0:30.7.0", NONE, 0)                                                                  \
	X("1-0:31.4.0", NONE, 0)                                                                  \
	X("1-0:31.7.0", current_l1, 0)                                                            \
	X("1-0:32.7.0", voltage_l1, 0)                                                            \
	X("1-0:33.7.0", NONE, 0)                                                                  \
	X("1-0:41.7.0", power_import_l2, 0)                                                       \
	X("1-0:42.7.0", power_export_l2, 0)                                                       \
	X("1-0:43.7.0", power_reactive_import_l2, 0)                                              \
	X("1-0:44.7.0", power_reactive_export_l2, 0)                                              \
	X("1-0:49.7.0", power_apparent_import_l2, 0)                                              \
	X("1-0:50.7.0", NONE, 0)                                                                  \
	X("1-0:51.4.0", NONE, 0)                                                                  \
	X("1-0:51.7.0", current_l2, 0)                                                            \
	X("1-0:52.7.0", voltage_l2, 0)                                                            \
	X("1-0:53.7.0", NONE, 0)                                                                  \
	X("1-0:61.7.0", power_import_l3, 0)                                                       \
	X("1-0:62.7.0", power_export_l3, 0)                                                       \
	X("1-0:63.7.0", power_reactive_import_l3, 0)                                              \
	X("1-0:64.7.0", power_reactive_export_l3, 0)                                              \
	X("1-0:69.7.0", power_apparent_import_l3, 0)                                              \
	X("1-0:70.7.0", NONE, 0)                                                                  \
	X("1-0:71.4.0", NONE, 0)                                                                  \
	X("1-0:71.7.0", current_l3, 0)                                                            \
	X("1-0:72.7.0", voltage_l3, 0)                                                            \
	X("1-0:73.7.0", NONE, 0)                                                                  \
	X("1-0:90.7.0", NONE, 0)                                                                  \
	X("1-0:91.7.0", NONE, 0)                                                                  \
	X("1-0:96.1.0", NONE, LABEL_IDENTIFIES)                                                   \
	X("1-0:96.5.5", NONE, 0)                                                                  \
	X("1-1:31.4.0", NONE, 0)                                                                  \
	X("0-0:96.13.0", NONE, LABEL_IDENTIFIES)                                                  \
	X("0-0:96.13.1", NONE, LABEL_IDENTIFIES)                                                  \
	X("0-0:96.13.2", NONE, LABEL_IDENTIFIES)                                                  \
	X("0-0:96.13.3", NONE, LABEL_IDENTIFIES)                                                  \
	X("0-0:96.13.4", NONE, LABEL_IDENTIFIES)                                                  \
	X("0-0:96.13.5", NONE, LABEL_IDENTIFIES)                                                  \
	X("0-0:96.14.0", tariff, 0)                                                               \
	X("0-0:96.3.10", NONE, 0)                                                                 \
	X("0-0:96.7.21", NONE, 0)                                                                 \
	X("0-1:96.3.10", NONE, 0)                                                                 \
	X("0-2:96.3.10", NONE, 0)                                                                 \
	X("0-3:96.3.10", NONE, 0)                                                                 \
	X("0-4:96.3.10", NONE, 0)                                                                 \
	X("1-0:15.24.0", NONE, 0)                                                                 \
	X("1-0:16.24.0", NONE, 0)                                                                 \
	X("1-0:32.24.0", NONE, 0)                                                                 \
	X("1-0:32.32.0", NONE, 0)                                                                 \
	X("1-0:32.33.0", NONE, 0)                                                                 \
	X("1-0:32.34.0", NONE, 0)                                                                 \
	X("1-0:32.36.0", NONE, 0)                                                                 \
	X("1-0:32.37.0", NONE, 0)                                                                 \
	X("1-0:32.38.0", NONE, 0)                                                                 \
	X("1-0:52.24.0", NONE, 0)                                                                 \
	X("1-0:52.32.0", NONE, 0)                                                                 \
	X("1-0:52.33.0", NONE, 0)                                                                 \
	X("1-0:52.34.0", NONE, 0)                                                                 \
	X("1-0:52.36.0", NONE, 0)                                                                 \
	X("1-0:52.37.0", NONE, 0)                                                                 \
	X("1-0:52.38.0", NONE, 0)                                                                 \
	X("1-0:72.24.0", NONE, 0)                                                                 \
	X("1-0:72.32.0", NONE, 0)                                                                 \
	X("1-0:72.33.0", NONE, 0)                                                                 \
	X("1-0:72.34.0", NONE, 0)                                                                 \
	X("1-0:72.36.0", NONE, 0)                                                                 \
	X("1-0:72.37.0", NONE, 0)                                                                 \
	X("1-0:72.38.0", NONE, 0)                                                                 \
	X("1-0:94.32.1", NONE, 0)                                                                 \
	X("1-0:99.97.0", NONE, 0)                                                                 \
	X("0-0:96.1.255", NONE, LABEL_IDENTIFIES)

/* Rows of the tables: TIC_ROW_EAST and so on. */
enum tic_row {
#define TIC_ROW(id, label, form, quantity, flags) TIC_ROW_##id,
	TIC_HISTORIQUE_LIST(TIC_ROW)
	TIC_STANDARD_LIST(TIC_ROW)
#undef TIC_ROW
	TIC_ROW_COUNT,
	TIC_ROW_STANDARD = TIC_ROW_ADSC,	/* the first one of standard mode */
};

#endif /* TELEGRAM_LABELS_H */
