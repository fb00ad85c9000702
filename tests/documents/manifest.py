"""Every block of the document, what kind of treatment it gets, and the test that gives it.

A kind says how far a block is taken at its word: RUN as printed, COMPARED with what is printed or raised, PARSED and
its own parts run, DECLARED names checked, or only ILLUSTRATES something that is not ours to do.
"""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What is done with a block."""

    RUN = "run"  # as printed, but for what documents.replaced says
    COMPARED = "compared"  # with what a command printed or an error said
    PARSED = "parsed"  # as its program reads it; what it starts of ours is run
    DECLARED = "declared"  # signatures and classes, compared with ours
    ILLUSTRATES = "illustrates"  # compiled where it is code; its names and what is ours in it are checked


PYTHON: Final = "test_python_blocks.py::test_a_block_of_python_does_what_the_document_says"
SHELL: Final = "test_shell_blocks.py::test_a_block_of_shell_does_what_the_document_says"
PRINTED: Final = "test_printed_output.py::test_a_command_prints_exactly_what_is_shown"
SYNTAX: Final = "test_printed_output.py::test_a_command_takes_what_its_syntax_says"
METHOD: Final = "test_signatures.py::test_a_method_takes_what_is_documented_for_both_kinds_of_engine"
EXCEPTION: Final = "test_signatures.py::test_an_exception_is_of_the_kinds_that_are_documented"
IMAGE: Final = "test_workflows.py::test_an_image_runs_its_entrypoint_which_migrates_and_then_runs_the_app"
COMPOSE: Final = "test_workflows.py::test_a_compose_file_waits_for_a_healthy_database_and_names_it"
WORKFLOW: Final = "test_workflows.py::test_the_steps_of_a_workflow_check_migrate_verify_and_deploy"
INSTALL: Final = "test_installing.py::test_pip_installs_what_the_commands_then_find"
PROJECT: Final = "test_alembic_projects.py::test_the_project_s_upgrade_brings_the_ledger_along"
TEMPLATE: Final = "test_templates.py::test_alembic_takes_a_template_as_script_py_mako_and_knows_no_author"

MANIFEST: Final[dict[str, tuple[Kind, str]]] = {
    # Quick Start
    "Базовый пример": (Kind.RUN, PYTHON),
    "Пример с FastAPI": (
        Kind.RUN,
        "test_applications.py::test_the_short_fastapi_example_migrates_when_it_starts",
    ),
    "Пример с синхронным движком": (Kind.RUN, PYTHON),
    "Предварительные требования": (Kind.RUN, INSTALL),
    "Базовое использование": (Kind.RUN, SHELL),
    "Пример с Docker": (Kind.PARSED, IMAGE),
    "Пример с Docker 2": (Kind.RUN, SHELL),
    "Пример с Docker 3": (Kind.PARSED, COMPOSE),
    "Шаг 1: Измените `alembic/env.py`": (Kind.RUN, PROJECT),
    "Шаг 2: Запускайте Alembic как обычно": (Kind.RUN, PROJECT),
    # API Reference
    "Конструктор": (Kind.DECLARED, "test_signatures.py::test_the_constructor_takes_what_is_documented"),
    "Конструктор 2": (Kind.RUN, "test_templates.py::test_each_example_of_the_constructor_makes_a_runner"),
    "upgrade_to_head()": (Kind.DECLARED, METHOD),
    "upgrade_to_head() 2": (Kind.RUN, PYTHON),
    "upgrade_to_version()": (Kind.DECLARED, METHOD),
    "upgrade_to_version() 2": (Kind.RUN, PYTHON),
    "downgrade()": (Kind.DECLARED, METHOD),
    "downgrade() 2": (Kind.RUN, PYTHON),
    "get_current_version()": (Kind.DECLARED, METHOD),
    "get_current_version() 2": (Kind.RUN, PYTHON),
    "get_pending_migrations()": (Kind.DECLARED, METHOD),
    "get_pending_migrations() 2": (Kind.RUN, PYTHON),
    "validate_schema_version()": (Kind.DECLARED, METHOD),
    "validate_schema_version() 2": (Kind.RUN, PYTHON),
    "MigrationError": (Kind.DECLARED, EXCEPTION),
    "MigrationError 2": (Kind.RUN, PYTHON),
    "VersionMismatchError": (Kind.DECLARED, EXCEPTION),
    "VersionMismatchError 2": (Kind.RUN, PYTHON),
    "include_in_alembic()": (Kind.DECLARED, "test_signatures.py::test_include_in_alembic_takes_what_is_documented"),
    "include_in_alembic() 2": (Kind.RUN, "test_alembic_projects.py::test_prefix_and_schema_are_those_of_the_call"),
    # CLI Reference
    "Проверка установки": (
        Kind.RUN,
        "test_printed_output.py::test_help_begins_as_shown_and_names_every_command_that_is_shown",
    ),
    "Проверка установки 2": (
        Kind.COMPARED,
        "test_printed_output.py::test_help_begins_as_shown_and_names_every_command_that_is_shown",
    ),
    "Переменные окружения": (
        Kind.RUN,
        "test_shell_blocks.py::test_the_variable_of_py_accountant_comes_before_the_common_one",
    ),
    "upgrade [revision]": (Kind.DECLARED, SYNTAX),
    "upgrade [revision] 2": (Kind.RUN, "test_printed_output.py::test_each_way_to_upgrade_that_is_shown_upgrades"),
    "downgrade <revision>": (Kind.DECLARED, SYNTAX),
    "downgrade <revision> 2": (
        Kind.RUN,
        "test_shell_blocks.py::test_each_example_of_downgrade_ends_where_its_comment_says",
    ),
    "current": (Kind.DECLARED, SYNTAX),
    "current 2": (Kind.RUN, SHELL),
    "current 3": (Kind.COMPARED, PRINTED),
    "current 4": (Kind.COMPARED, PRINTED),
    "pending": (Kind.DECLARED, SYNTAX),
    "pending 2": (Kind.RUN, SHELL),
    "pending 3": (Kind.COMPARED, PRINTED),
    "pending 4": (Kind.COMPARED, PRINTED),
    "history": (Kind.DECLARED, SYNTAX),
    "history 2": (Kind.RUN, SHELL),
    "history 3": (
        Kind.COMPARED,
        "test_printed_output.py::test_history_is_as_shown_but_for_the_first_line_which_is_no_head",
    ),
    "Health Check": (Kind.RUN, SHELL),
    "CI/CD Pipeline": (Kind.PARSED, WORKFLOW),
    "Docker Wait-for-DB": (Kind.RUN, SHELL),
    # Usage Examples
    "Пример 1: FastAPI приложение": (
        Kind.RUN,
        "test_applications.py::test_the_whole_fastapi_example_migrates_and_answers_health",
    ),
    "Пример 2: CLI приложение с Click": (
        Kind.RUN,
        "test_applications.py::test_the_click_program_initializes_checks_and_refuses",
    ),
    "Пример 3: Telegram бот (aiogram)": (
        Kind.RUN,
        "test_applications.py::test_the_bot_migrates_before_it_polls_and_tells_its_status",
    ),
    "Пример 4: Docker + PostgreSQL + CI/CD": (Kind.PARSED, IMAGE),
    "Пример 4: Docker + PostgreSQL + CI/CD 2": (
        Kind.RUN,
        "test_workflows.py::test_the_long_entrypoint_waits_migrates_verifies_and_starts_the_app",
    ),
    "Пример 4: Docker + PostgreSQL + CI/CD 3": (Kind.PARSED, COMPOSE),
    "Пример 4: Docker + PostgreSQL + CI/CD 4": (Kind.PARSED, WORKFLOW),
    "Пример 4: Docker + PostgreSQL + CI/CD 5": (
        Kind.ILLUSTRATES,
        "test_illustrations.py::test_of_the_commands_around_compose_ours_runs",
    ),
    # Best Practices
    "Always Validate Schema Version": (Kind.RUN, PYTHON),
    "Check Pending Migrations": (Kind.RUN, PYTHON),
    "Graceful Degradation": (Kind.RUN, PYTHON),
    "Catch and Log Migration Errors": (Kind.RUN, PYTHON),
    "Implement Retry Logic": (Kind.RUN, PYTHON),
    "Rollback Strategy": (Kind.RUN, PYTHON),
    "Pre-Deployment Migration Check": (
        Kind.PARSED,
        "test_workflows.py::test_the_check_before_a_deployment_finds_the_title_that_pending_prints",
    ),
    "Atomic Deployments": (Kind.RUN, "test_backups.py::test_a_deployment_dumps_first_and_then_migrates"),
    "Separate Migration and Deploy Steps": (
        Kind.PARSED,
        "test_workflows.py::test_deploying_needs_the_migration_in_a_job_of_its_own",
    ),
    "Downtime Windows": (Kind.RUN, PYTHON),
    "Downtime Windows 2": (Kind.RUN, PYTHON),
    "Downtime Windows 3": (
        Kind.ILLUSTRATES,
        "test_illustrations.py::test_the_steps_of_blue_and_green_are_prose",
    ),
    "Database Backups": (Kind.RUN, "test_backups.py::test_a_backup_is_made_of_whichever_database_it_is"),
    "Monitoring and Alerting": (Kind.RUN, PYTHON),
    "Lock Mechanisms (PostgreSQL)": (
        Kind.RUN,
        "test_on_the_connection.py::test_a_lock_in_an_open_transaction_of_asyncpg_is_named_as_what_an_index_waits_for",
    ),
    "Analyze Migration Duration": (Kind.RUN, SHELL),
    "Index Creation Strategy": (
        Kind.RUN,
        "test_on_the_connection.py::test_the_shown_index_is_the_one_that_0003_makes",
    ),
    "Test Migrations in Staging": (
        Kind.RUN,
        "test_backups.py::test_a_dump_of_production_is_migrated_in_staging",
    ),
    "Test Rollback Procedures": (Kind.RUN, SHELL),
    "Include Migration Tests in CI": (
        Kind.PARSED,
        "test_workflows.py::test_migrations_are_tested_up_down_and_up_again",
    ),
    "Don't Modify Existing Migrations": (
        Kind.ILLUSTRATES,
        "test_illustrations.py::test_a_change_that_must_not_be_made_is_one_of_alembic_s_operations",
    ),
    "Don't Modify Existing Migrations 2": (
        Kind.RUN,
        "test_templates.py::test_a_revision_has_the_date_in_its_name_by_the_shown_ini_and_not_by_alembic_s_own",
    ),
    "Keep Migrations Idempotent": (
        Kind.RUN,
        "test_on_the_connection.py::test_adding_a_column_twice_is_no_matter_only_when_the_revision_says_so",
    ),
    "Document Complex Migrations": (
        Kind.ILLUSTRATES,
        "test_illustrations.py::test_a_revision_whose_code_is_left_out_says_where_it_stands_in_our_history",
    ),
    # Troubleshooting
    "Issue 1: KeyError: 'False'": (
        Kind.COMPARED,
        "test_symptoms.py::test_a_word_in_the_place_of_echo_is_refused_and_named",
    ),
    "Issue 1: KeyError: 'False' 2": (Kind.RUN, INSTALL),
    "Issue 1: KeyError: 'False' 3": (Kind.RUN, PYTHON),
    'Issue 2: "Async driver not supported for Alembic"': (
        Kind.COMPARED,
        "test_shell_blocks.py::test_a_url_of_an_async_driver_works_as_well_as_the_sync_one",
    ),
    'Issue 2: "Async driver not supported for Alembic" 2': (
        Kind.RUN,
        "test_shell_blocks.py::test_a_url_of_an_async_driver_works_as_well_as_the_sync_one",
    ),
    'Issue 2: "Async driver not supported for Alembic" 3': (Kind.RUN, PYTHON),
    "Issue 3: Migrations Not Executing": (Kind.RUN, INSTALL),
    "Issue 3: Migrations Not Executing 2": (Kind.RUN, SHELL),
    "Issue 4: VersionMismatchError": (Kind.COMPARED, "test_symptoms.py::test_a_mismatch_reads_as_shown"),
    "Issue 4: VersionMismatchError 2": (Kind.RUN, SHELL),
    "Issue 4: VersionMismatchError 3": (Kind.RUN, PYTHON),
    "Issue 4: VersionMismatchError 4": (Kind.RUN, PYTHON),
    'Issue 5: "Database not initialized"': (
        Kind.COMPARED,
        "test_symptoms.py::test_an_application_meets_a_missing_table_until_the_migrations_ran",
    ),
    'Issue 5: "Database not initialized" 2': (Kind.RUN, SHELL),
    "Issue 6: Import Errors": (
        Kind.COMPARED,
        "test_symptoms.py::test_the_shown_import_error_comes_of_a_folder_of_the_same_name_and_of_none_of_the_shown_causes",
    ),
    "Issue 6: Import Errors 2": (
        Kind.RUN,
        "test_symptoms.py::test_the_shown_import_error_comes_of_a_folder_of_the_same_name_and_of_none_of_the_shown_causes",
    ),
    "Issue 6: Import Errors 3": (Kind.RUN, INSTALL),
    "Issue 6: Import Errors 4": (
        Kind.RUN,
        "test_installing.py::test_an_environment_that_is_activated_is_the_one_that_is_used",
    ),
    'Issue 7: "context.config has no attribute..."': (
        Kind.COMPARED,
        "test_symptoms.py::test_the_command_line_does_not_meet_the_error_of_its_config",
    ),
    "Issue 8: PostgreSQL Lock Timeout": (
        Kind.COMPARED,
        "test_symptoms.py::test_the_shown_text_is_that_of_nowait_and_ours_names_who_holds_the_lock",
    ),
    "Issue 8: PostgreSQL Lock Timeout 2": (
        Kind.RUN,
        "test_symptoms.py::test_a_revision_that_meets_a_lock_is_tried_again_by_the_shown_loop",
    ),
    "Issue 8: PostgreSQL Lock Timeout 3": (
        Kind.RUN,
        "test_symptoms.py::test_the_shown_text_is_that_of_nowait_and_ours_names_who_holds_the_lock",
    ),
    "Enable SQL Echo": (Kind.RUN, "test_printed_output.py::test_echo_of_a_runner_shows_the_sql"),
    "Enable SQL Echo 2": (Kind.RUN, "test_printed_output.py::test_echo_shows_the_sql_beside_the_answer"),
    "Check DATABASE_URL": (
        Kind.RUN,
        "test_symptoms.py::test_the_connection_is_tried_with_text_for_sqlalchemy_takes_no_plain_string",
    ),
    "Verify Sync/Async Driver": (
        Kind.RUN,
        "test_symptoms.py::test_an_engine_of_an_async_driver_is_made_and_fails_only_when_it_connects",
    ),
    "Check Alembic Version Table": (Kind.RUN, "test_backups.py::test_the_version_table_is_read_by_hand"),
    "Check Alembic Version Table 2": (Kind.RUN, PYTHON),
    "Manual SQL Inspection": (Kind.RUN, "test_backups.py::test_tables_are_listed_and_described_by_hand"),
    "Check Migration Files": (
        Kind.RUN,
        "test_installing.py::test_the_revision_files_are_those_that_are_expected",
    ),
    "Getting Help": (Kind.RUN, "test_symptoms.py::test_a_log_of_everything_has_no_password"),
    # Advanced Topics
    "Custom Migration Templates": (
        Kind.RUN,
        "test_templates.py::test_the_default_template_is_copied_from_the_package",
    ),
    "Custom Migration Templates 2": (Kind.PARSED, TEMPLATE),
    "Custom Migration Templates 3": (
        Kind.PARSED,
        "test_templates.py::test_the_shown_ini_is_one_of_alembic_but_alembic_knows_no_script_template",
    ),
    "Using Alembic Integration": (
        Kind.RUN,
        "test_alembic_projects.py::test_the_tables_go_into_a_schema_that_was_made_by_hand",
    ),
    "Manual Schema Creation": (
        Kind.RUN,
        "test_alembic_projects.py::test_the_tables_go_into_a_schema_that_was_made_by_hand",
    ),
    "Programmatic Configuration": (
        Kind.RUN,
        "test_templates.py::test_a_configuration_that_is_only_announced_is_refused_and_one_that_is_written_works",
    ),
    "Custom Revision Naming": (
        Kind.RUN,
        "test_templates.py::test_a_revision_has_the_date_in_its_name_by_the_shown_ini_and_not_by_alembic_s_own",
    ),
    "Migration Hooks (Future Feature)": (Kind.RUN, PYTHON),
    "Migration Hooks (Future Feature) 2": (Kind.RUN, PYTHON),
    "Dry Run Mode (Future Feature)": (
        Kind.RUN,
        "test_on_the_connection.py::test_a_dry_run_returns_the_statements_and_executes_none",
    ),
    "Offline Migration Generation": (
        Kind.RUN,
        "test_backups.py::test_sql_is_written_without_running_it_and_fed_to_psql",
    ),
    "Django": (
        Kind.ILLUSTRATES,
        "test_illustrations.py::test_settings_of_django_are_a_dictionary_and_start_nothing",
    ),
    "Tortoise ORM": (
        Kind.ILLUSTRATES,
        "test_illustrations.py::test_the_migrations_run_before_another_orm_begins",
    ),
    # Appendix
    "C. Version History": (Kind.RUN, PYTHON),
    "F. Exit Codes (CLI)": (Kind.RUN, SHELL),
}
