"""What `ploked.server` leans on in pygls without a promise of pygls. A failure here names what to look at first."""

from __future__ import annotations

import inspect
from importlib.metadata import version

import pytest
from lsprotocol import types
from pygls.feature_manager import FeatureManager, is_thread_function
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol
from pygls.workspace import PositionCodec, TextDocument, Workspace


def test_the_version_is_one_that_was_read() -> None:
    assert version("pygls").startswith("2.1.")


def test_a_protocol_keeps_its_futures_and_its_shutdown_where_we_look() -> None:
    protocol = LanguageServer("x", "1").protocol
    assert protocol._request_futures == {}
    assert protocol._result_types == {}
    assert protocol._shutdown is False


def test_everything_goes_out_through_send_data() -> None:
    sent: list[object] = []

    class Probe(LanguageServerProtocol):
        def _send_data(self, data: object) -> None:
            sent.append(data)

    server = LanguageServer("x", "1", protocol_cls=Probe)
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams("file:///a", []))
    future = server.protocol.send_request(types.WORKSPACE_APPLY_EDIT, None, msg_id="ours")
    assert [type(data).__name__ for data in sent] == ["PublishDiagnosticsNotification", "ApplyWorkspaceEditRequest"]
    assert server.protocol._request_futures == {"ours": future}
    assert server.protocol._result_types == {"ours": types.ApplyWorkspaceEditResponse}


def test_handlers_are_found_by_method() -> None:
    manager: FeatureManager = LanguageServer("x", "1").protocol.fm
    manager.feature(types.TEXT_DOCUMENT_HOVER)(lambda _params: None)
    manager.command("x.y")(lambda: None)
    assert types.TEXT_DOCUMENT_HOVER in manager.features
    assert types.INITIALIZE in manager.builtin_features
    assert "x.y" in manager.commands


def test_handlers_of_pygls_itself_yield_calls_and_are_sent_results() -> None:
    protocol = LanguageServer("x", "1").protocol

    @protocol.fm.feature(types.INITIALIZE)
    def ours(_params: types.InitializeParams) -> None: ...

    params = types.InitializeParams(capabilities=types.ClientCapabilities())
    steps = protocol.lsp_initialize(params)
    assert next(steps) == (ours, (params,), None)
    with pytest.raises(StopIteration) as done:
        steps.send(None)
    assert isinstance(done.value.value, types.InitializeResult)
    assert protocol.client_capabilities is params.capabilities
    for method in (types.INITIALIZED, types.SHUTDOWN, types.TEXT_DOCUMENT_DID_CHANGE, types.WORKSPACE_EXECUTE_COMMAND):
        assert inspect.isgeneratorfunction(protocol.fm.builtin_features[method])


def test_thread_handlers_are_marked() -> None:
    server = LanguageServer("x", "1")

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    @server.thread()
    def hover(_params: types.HoverParams) -> None: ...

    handler = server.protocol.fm.features[types.TEXT_DOCUMENT_HOVER]
    assert is_thread_function(handler)  # type: ignore[no-untyped-call]  # pygls left it untyped


def test_documents_are_made_by_the_workspace_from_these_arguments() -> None:
    made = Workspace(None)._create_text_document("file:///a", source="x", version=1, language_id="toml")
    assert isinstance(made, TextDocument)
    arguments = list(inspect.signature(TextDocument.__init__).parameters)
    assert arguments[1:5] == ["uri", "source", "version", "language_id"]
    assert PositionCodec("utf-8").client_num_units("é") == 2


def test_the_types_of_a_method_are_message_response_params_and_options() -> None:
    assert types.METHOD_TO_TYPES[types.TEXT_DOCUMENT_HOVER][:3] == (
        types.HoverRequest,
        types.HoverResponse,
        types.HoverParams,
    )
    assert types.METHOD_TO_TYPES[types.TEXT_DOCUMENT_DID_OPEN][1] is None
    assert types.METHOD_TO_TYPES[types.SHUTDOWN][1] is types.ShutdownResponse
